// The Redis counterpart of a Lua loop over `state`, one call after another. Arguments: the operation, the server's
// port, how many operations make a round, how many rounds. Prints each round's µs per operation.
import { RedisClient } from "bun";

const [operation = "", port, ops, rounds] = process.argv.slice(2);
const redis = new RedisClient(`redis://127.0.0.1:${port}`);

const OPERATIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  get: () => redis.get("key"),
  set: () => redis.set("key", "42"),
  increment: () => redis.incr("key"),
};
const run = OPERATIONS[operation];
if (run === undefined) throw new Error(`unknown operation "${operation}"`);

await redis.set("key", "42");
for (let round = 0; round <= Number(rounds); round++) {
  const begin = Bun.nanoseconds();
  for (let i = 0; i < Number(ops); i++) await run();
  const each = (Bun.nanoseconds() - begin) / 1e3 / Number(ops);
  if (round > 0) console.log(each);
}
redis.close();
