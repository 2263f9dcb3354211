import { join } from "node:path";
import type { Measurement, Reach } from "./harness.ts";
import { compareLoops } from "./loop.ts";
import { findPeer } from "./peers.ts";

/** The same operations on Deno KV, as far as Deno is there. Both stores are as they come: durability full. */
export const DENO: readonly Measurement[] = [
  comparison("get", 'state.get("key")', 3_000, { atLeast: 5 }),
  comparison("set", 'state.set("key", 42)', 500, { atLeast: 1 }),
  comparison("increment", 'state.increment("counter")', 500, { atLeast: 1 }),
];

function comparison(operation: string, lua: string, ops: number, reach: Reach): Measurement {
  const name = `Deno KV: ${operation}`;
  return {
    name,
    async run(lab) {
      const deno = findPeer("deno");
      if (deno === undefined) return [{ name, missing: "not installed: npm install --no-save deno" }];
      const samples = await compareLoops(lab, {
        name,
        ours: { setup: 'state.set("key", 42)', operation: lua, perSecond: 1e6 },
        ops,
        rounds: 5,
        durability: "full",
        floor: (folder) => {
          const script = join(import.meta.dir, "floors/deno.ts");
          const flags = ["--quiet", "--no-config", "--unstable-kv", "--allow-all"];
          return [deno, "run", ...flags, script, operation, join(folder, "kv.db")];
        },
      });
      return [{ name, unit: "µs", ratio: "speed", reach, ...samples }];
    },
  };
}
