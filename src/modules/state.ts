import { type Awaitable, chain } from "../lib/awaitable.ts";
import { Float } from "../lib/value.ts";
import type { ShownEntry, Store } from "../state/store.ts";
import { Arguments, isRecord } from "./arguments.ts";
import type { CurrentContext } from "./context.ts";
import {
  type HostFunction,
  type HostResult,
  type LuaModule,
  type LuaRecord,
  type LuaValue,
  Results,
} from "./module.ts";

/** The Lua module `state` over one store (SPEC.md section 1). */
export function createStateModule(
  base: Store,
  { current, locks }: { current: CurrentContext; locks: Readonly<Record<string, HostFunction>> },
): LuaModule {
  const functions: Record<string, HostFunction> = {};
  const define = (name: string, run: (args: Arguments, store: Store) => Awaitable<HostResult>) => {
    functions[name] = (...values) =>
      run(new Arguments(`state.${name}`, values), current().fenced?.get(base) ?? base);
  };
  const key = (args: Arguments) => args.string(0, "key");

  define("set", (args, store) => store.set(key(args), args.values[1], args.optionalNumber(2, "ttl")));
  define("set_with_ttl", (args, store) => store.set(key(args), args.values[1], args.number(2, "ttl")));
  define("get", (args, store) =>
    chain(store.get(key(args)), (value) => (value === undefined ? args.values[1] : value)),
  );
  define("need", (args, store) => store.need(key(args)));
  define("get_many", (args, store) => store.getMany(keyList(args)));
  define("set_many", (args, store) => store.setMany(entryTable(args), args.optionalNumber(1, "ttl")));
  define("delete", (args, store) => store.delete(key(args)));
  define("exists", (args, store) => store.exists(key(args)));

  define("keys", (args, store) => store.keys(args.optionalString(0, "pattern")));
  define("list", (args, store) => store.list(args.optionalString(0, "prefix")));
  define("scan", (args, store) => {
    const options = args.options(1, ["limit", "after"]);
    const limit = options.number("limit");
    const after = options.string("after");
    const page = { ...(limit !== undefined && { limit }), ...(after !== undefined && { after }) };
    return chain(store.scan(args.optionalString(0, "pattern"), page), (found) => {
      return new Results([found.entries.map(scanned), found.after]);
    });
  });
  define("clear", (args, store) => {
    // Without an argument everything goes; a nil that a script passes by mistake must not mean the same.
    const pattern = args.count === 0 ? undefined : args.string(0, "pattern");
    return chain(store.clear(pattern), (count) => new Results([true, count]));
  });

  define("set_ttl", (args, store) => store.setTtl(key(args), args.number(1, "seconds")));
  define("get_ttl", (args, store) => store.getTtl(key(args)));

  define("increment", (args, store) => store.increment(key(args), delta(args), numberOptions(args)));
  define("decrement", (args, store) => store.decrement(key(args), delta(args), numberOptions(args)));
  define("append", (args, store) => store.append(key(args), args.bytes(1, "text")));
  define("compare_swap", (args, store) => store.compareSwap(key(args), args.values[1], args.values[2]));
  define("compare_and_swap", (args, store) => store.compareSwap(key(args), args.values[1], args.values[2]));

  define("list_push", (args, store) => store.listPush(key(args), ...args.values.slice(1)));
  define("list_pop", (args, store) => store.listPop(key(args)));
  define("list_shift", (args, store) => store.listShift(key(args)));
  define("list_length", (args, store) => store.listLength(key(args)));
  define("list_range", (args, store) =>
    store.listRange(key(args), args.optionalNumber(1, "from"), args.optionalNumber(2, "to")),
  );

  define("stats", () => chain(base.stats(), (stats): LuaRecord => ({ ...stats })));
  return { name: "state", functions: { ...functions, ...locks } };
}

function delta(args: Arguments): number | bigint | Float | undefined {
  const value = args.values[1];
  if (value === undefined || typeof value === "number" || typeof value === "bigint") return value;
  return value instanceof Float ? value : args.refuse(1, "delta", "a number");
}

function numberOptions(args: Arguments): { ttl?: number } {
  const ttl = args.options(2, ["ttl"]).number("ttl");
  return ttl === undefined ? {} : { ttl };
}

function scanned(entry: ShownEntry): LuaRecord {
  return { key: entry.key, value: entry.value, revision: entry.revision, ttl: entry.ttl };
}

function keyList(args: Arguments): string[] {
  const list = args.values[0];
  if (isRecord(list) && Object.keys(list).length === 0) return [];
  if (!Array.isArray(list)) return args.refuse(0, "keys", "a list of strings");
  return list.map((item: LuaValue) =>
    typeof item === "string" ? item : args.refuse(0, "keys", "a list of strings"),
  );
}

function entryTable(args: Arguments): LuaRecord {
  const table = args.values[0];
  return isRecord(table) ? table : args.refuse(0, "entries", "a table with string keys");
}
