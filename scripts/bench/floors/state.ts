// The bare counterpart of a Lua loop over `state`. Arguments: the operation, FULL or NORMAL, the file, how many
// operations make a round, how many rounds. Prints each round's µs per operation; the round before them warms up.
import { openBare } from "./bare.ts";
import { TABLE_FIELDS } from "./table.ts";

const [operation = "", synchronous, file = "", ops, rounds] = process.argv.slice(2);
const store = openBare(
  file,
  synchronous === "FULL" ? "FULL" : "NORMAL",
  !operation.endsWith("without history"),
);

const tables = Array.from({ length: 100 }, (_, i) => `table ${i}`);
let at = 0;
const OPERATIONS: Readonly<Record<string, () => void>> = {
  get: () => void store.get("key"),
  set: () => store.update("key", () => 42),
  increment: () => store.update("key", (value) => Number(value) + 1),
  "increment without history": () => store.update("key", (value) => Number(value) + 1),
  "set table": () => store.update("table", () => JSON.stringify(TABLE_FIELDS)),
  "get table": () => void JSON.parse(String(store.get("table")?.value)),
  "get table of 100": () => {
    at = (at + 1) % tables.length;
    JSON.parse(String(store.get(tables[at] as string)?.value));
  },
};
const run = OPERATIONS[operation];
if (run === undefined) throw new Error(`unknown operation "${operation}"`);

store.update("key", () => 42);
store.update("table", () => JSON.stringify(TABLE_FIELDS));
if (operation.endsWith("of 100")) {
  for (const [i, key] of tables.entries())
    store.update(key, () => JSON.stringify({ ...TABLE_FIELDS, field_11: i }));
}
for (let round = 0; round <= Number(rounds); round++) {
  const begin = Bun.nanoseconds();
  for (let i = 0; i < Number(ops); i++) run();
  const each = (Bun.nanoseconds() - begin) / 1e3 / Number(ops);
  if (round > 0) console.log(each);
}
