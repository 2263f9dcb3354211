// The Deno KV counterpart, run by Deno itself: `deno run --unstable-kv -A deno.ts`. Arguments: the operation, the
// file, how many operations make a round, how many rounds. Prints each round's µs per operation.

/** What this uses of Deno; its own types are not part of this project. */
declare const Deno: {
  readonly args: readonly string[];
  openKv(path: string): Promise<{
    get(key: string[]): Promise<{ value: unknown }>;
    set(key: string[], value: unknown): Promise<unknown>;
    atomic(): { sum(key: string[], delta: bigint): { commit(): Promise<unknown> } };
    close(): void;
  }>;
};

const [operation = "", file = "", ops, rounds] = Deno.args;
const kv = await Deno.openKv(file);

const OPERATIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  get: () => kv.get(["key"]),
  set: () => kv.set(["key"], 42),
  increment: () => kv.atomic().sum(["counter"], 1n).commit(),
};
const run = OPERATIONS[operation];
if (run === undefined) throw new Error(`unknown operation "${operation}"`);

await kv.set(["key"], 42);
for (let round = 0; round <= Number(rounds); round++) {
  const begin = performance.now();
  for (let i = 0; i < Number(ops); i++) await run();
  const each = ((performance.now() - begin) * 1e3) / Number(ops);
  if (round > 0) console.log(each);
}
kv.close();

// Without it TypeScript takes the file for a script, whose names are global.
export {};
