import type { Lab, Measurement, Row } from "./harness.ts";
import { compareLoops } from "./loop.ts";
import { findPeer } from "./peers.ts";
import { createHome, floorCommand } from "./programs.ts";

const OPERATIONS = [
  ["get", 'state.get("key")', 3_000],
  ["set", 'state.set("key", 42)', 500],
  ["increment", 'state.increment("key")', 500],
] as const;

/** The same operations on a Redis of this machine that makes every write last, as runner does; only reported. */
export const REDIS: readonly Measurement[] = OPERATIONS.map(([operation, lua, ops]) => ({
  name: `redis: ${operation}`,
  async run(lab): Promise<Row[]> {
    const program = findPeer("redis-server");
    if (program === undefined) return [{ name: this.name, missing: "not installed: redis-server on PATH" }];
    await using server = await startRedis(program, lab);
    const samples = await compareLoops(lab, {
      name: `redis ${operation}`,
      ours: { setup: 'state.set("key", 42)', operation: lua, perSecond: 1e6 },
      ops,
      rounds: 5,
      durability: "full",
      floor: () => floorCommand("redis", operation, String(server.port)),
    });
    return [{ name: this.name, unit: "µs", ratio: "speed", ...samples }];
  },
}));

/** A server of its own that syncs its log to the disk at each write; it ends with the scope. */
async function startRedis(program: string, lab: Lab): Promise<AsyncDisposable & { readonly port: number }> {
  const port = freePort();
  const words = `--bind 127.0.0.1 --port ${port} --appendonly yes --appendfsync always --save`.split(" ");
  const server = Bun.spawn([program, ...words, "", "--dir", createHome(lab)], {
    stdout: "ignore",
    stderr: "ignore",
  });
  const ready = async () => {
    try {
      (await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => undefined } })).end();
      return true;
    } catch {
      return false;
    }
  };
  while (server.exitCode === null && !(await ready())) await Bun.sleep(20);
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.kill();
      await server.exited;
    },
  };
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
