import { type Awaitable, chain } from "../lib/awaitable.ts";
import { Float } from "../lib/value.ts";
import { parseMoment } from "../state/moment.ts";
import { forget } from "../state/once.ts";
import type { ShownEntry, Store, Version } from "../state/store.ts";
import { type Arguments, isRecord } from "./arguments.ts";
import { type HostResult, type LuaRecord, type LuaValue, Results, SameArgument } from "./module.ts";

/** One function of the Lua module `state`: what it does with the arguments of a call on a store. */
export type StateCall = (args: Arguments, store: Store) => Awaitable<HostResult>;

/** The functions of the Lua module `state` (SPEC.md section 1) but for the locks and those that call back. */
export const STATE_CALLS: Readonly<Record<string, StateCall>> = createCalls();

function createCalls(): Record<string, StateCall> {
  const calls: Record<string, StateCall> = {};
  const define = (name: string, run: StateCall) => {
    calls[name] = run;
  };
  const key = (args: Arguments) => args.string(0, "key");

  define("set", (args, store) => store.set(key(args), args.values[1], args.optionalNumber(2, "ttl")));
  define("set_with_ttl", (args, store) => store.set(key(args), args.values[1], args.number(2, "ttl")));
  define("get", (args, store) =>
    chain(store.get(key(args)), (value) => (value === undefined ? new SameArgument(2) : value)),
  );
  define("need", (args, store) => store.need(key(args)));
  define("get_many", (args, store) => store.getMany(keyList(args)));
  define("set_many", (args, store) => store.setMany(entryTable(args), args.optionalNumber(1, "ttl")));
  define("delete", (args, store) =>
    store.delete(key(args), { purge: args.options(1, ["purge"]).boolean("purge") ?? false }),
  );
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

  define("rate_limit", (args, store) => {
    const limited = store.rateLimit(key(args), args.number(1, "max"), args.number(2, "window"));
    return chain(
      limited,
      ({ allowed, remaining, resetAfter }) => new Results([allowed, remaining, resetAfter]),
    );
  });
  define("forget", (args, store) => forget(store, key(args)));

  define("history", (args, store) =>
    chain(store.history(key(args), args.optionalNumber(1, "limit")), (versions) =>
      versions.map(versionTable),
    ),
  );
  define("get_at", (args, store) => {
    const given = args.values[1];
    const moment = typeof given === "string" ? given : args.number(1, "revision or time");
    return store.getAt(key(args), parseMoment(moment, store.backend.now()));
  });

  define("stats", (_args, store) => chain(store.stats(), (stats): LuaRecord => ({ ...stats })));
  return calls;
}

/** A version as scripts see it: `time` in seconds since the epoch, `by` who wrote. */
export function versionTable({ key, revision, kind, value, type, at, by }: Version): LuaRecord {
  const { host, user, pid, run, task } = by;
  return { key, revision, kind, value, type, time: at / 1000, by: { host, user, pid, run, task } };
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
