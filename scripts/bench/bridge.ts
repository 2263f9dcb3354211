import type { Measurement } from "./harness.ts";
import { compareLoops } from "./loop.ts";
import { floorCommand } from "./programs.ts";

/** What crosses, and how many calls make a round. */
const CROSSINGS = [
  ["number", 50_000],
  ["string", 50_000],
  ["table", 5_000],
  ["promise", 5_000],
] as const;

/** A call from Lua into the host and back, over our bridge and over the one that comes with wasmoon. */
export const BRIDGE: readonly Measurement[] = CROSSINGS.map(([what, ops]) => ({
  name: `bridge: ${what}`,
  async run(lab) {
    const samples = await compareLoops(lab, {
      name: `bridge ${what}`,
      ops,
      rounds: 5,
      durability: "full",
      ours: () => floorCommand("bridge", "ours", what),
      floor: () => floorCommand("bridge", "wasmoon", what),
    });
    return [{ name: this.name, unit: "µs", ratio: "speed", reach: { atLeast: 1 }, ...samples }];
  },
}));
