import { chain } from "../../lib/awaitable.ts";
import type { ShownEntry } from "../../state/store.ts";
import { wrongArgument } from "../arguments.ts";
import { type LuaRecord, Results, SameArgument } from "../module.ts";
import { defineStateFunction as define } from "./define.ts";

/** The functions of `state` for whole values, for the keys that there are, and for how long they stay. */
export const ENTRY_FUNCTIONS = {
  set: define({
    description: "Stores a value; without a ttl (in seconds) it stays until it is removed.",
    args: (z) => ({ key: z.string(), value: z.any(), ttl: z.optional(z.seconds("above zero")) }),
    returns: "true",
    example: 'state.set("version", "v1")  assert(state.get("version") == "v1")',
    run: ({ key, value, ttl }, place) => place.store().set(key, value, ttl),
  }),
  set_with_ttl: define({
    description: "Stores a value that expires after so many seconds.",
    args: (z) => ({ key: z.string(), value: z.any(), ttl: z.seconds("above zero") }),
    returns: "true",
    example: 'state.set_with_ttl("token", "x", 60)  assert(state.get_ttl("token") <= 60)',
    run: ({ key, value, ttl }, place) => place.store().set(key, value, ttl),
  }),
  get: define({
    description: "A value, else the default, else nil.",
    args: (z) => ({ key: z.string(), default: z.any() }),
    returns: "any",
    example: 'assert(state.get("nothing", 5) == 5)',
    effect: false,
    run: ({ key }, place) =>
      chain(place.store().getConstant(key), (value) => {
        if (value === undefined) return new SameArgument(2);
        if (typeof value !== "number") place.scripts.host.secrets.note(key, value);
        return value;
      }),
  }),
  need: define({
    description: "A value; an error with code `not_found` when there is none.",
    args: (z) => ({ key: z.string() }),
    returns: "any",
    example: 'assert(not pcall(state.need, "nothing"))',
    effect: false,
    run: ({ key }, place) =>
      chain(place.store().need(key), (value) => {
        place.scripts.host.secrets.note(key, value);
        return value;
      }),
  }),
  get_many: define({
    description: "Those values that exist, by key; all as of one moment.",
    args: (z) => ({ keys: z.list(z.string()) }),
    returns: "table<string, any>",
    example: 'state.set("a", 1)  assert(state.get_many({ "a", "b" }).a == 1)',
    effect: false,
    run: ({ keys }, place) =>
      chain(place.store().getMany(keys), (values) => {
        place.scripts.host.secrets.note("", values);
        return values;
      }),
  }),
  set_many: define({
    description: "Stores all values of a table, or none.",
    args: (z) => ({ entries: z.record(z.any()), ttl: z.optional(z.seconds("above zero")) }),
    returns: "true",
    example: 'state.set_many({ a = 1, b = 2 })  assert(state.get("b") == 2)',
    run: ({ entries, ttl }, place) => place.store().setMany(entries, ttl),
  }),
  delete: define({
    description:
      "Removes a key; with `purge` its history goes as well, also when the key is gone already, and the store's file is rewritten, so that no byte of it stays.",
    args: (z) => ({ key: z.string(), options: z.options({ purge: z.optional(z.boolean()) }) }),
    returns: "boolean existed",
    example: 'state.set("a", 1)  assert(state.delete("a"))',
    run: ({ key, options: { purge = false } }, place) => place.store().delete(key, { purge }),
  }),
  exists: define({
    description: "Whether a key has a value.",
    args: (z) => ({ key: z.string() }),
    returns: "boolean",
    example: 'assert(not state.exists("nothing"))',
    effect: false,
    run: ({ key }, place) => place.store().exists(key),
  }),
  keys: define({
    description: "The keys that match a pattern (`*`, `?`, `[a-z]`, `\\` escapes), sorted.",
    args: (z) => ({ pattern: z.optional(z.string()) }),
    returns: "string[]",
    example: 'state.set("app:a", 1)  assert(state.keys("app:*")[1] == "app:a")',
    effect: false,
    run: ({ pattern }, place) => place.store().keys(pattern),
  }),
  list: define({
    description: "Keys and values whose keys begin with a prefix.",
    args: (z) => ({ prefix: z.optional(z.string()) }),
    returns: "table<string, any>",
    example: 'state.set("app:a", 1)  assert(state.list("app:")["app:a"] == 1)',
    effect: false,
    run: ({ prefix }, place) => place.store().list(prefix),
  }),
  scan: define({
    description: "One page of entries, and the key after which to continue, if there are more.",
    args: (z) => ({
      pattern: z.optional(z.string()),
      options: z.options({ limit: z.optional(z.integer(1)), after: z.optional(z.string()) }),
    }),
    returns: ["{ key: string, value: any, revision: integer, ttl?: integer }[]", "string? after"],
    example: 'state.set("a", 1)  local page, after = state.scan("*", { limit = 1 })  assert(after == "a")',
    effect: false,
    run: ({ pattern, options: { limit, after } }, place) =>
      chain(
        place
          .store()
          .scan(pattern, { ...(limit !== undefined && { limit }), ...(after !== undefined && { after }) }),
        (found) => new Results([found.entries.map(scanned), found.after]),
      ),
  }),
  clear: define({
    description: "Removes all keys, or those of a pattern; all of them or none. An explicit nil is an error.",
    args: (z) => ({ pattern: z.optional(z.string()) }),
    returns: ["true", "integer removed"],
    example: 'state.set("tmp:a", 1)  local _, removed = state.clear("tmp:*")  assert(removed == 1)',
    run({ pattern }, place, given) {
      // A nil that a script passes by mistake must not mean everything.
      if (given > 0 && pattern === undefined) {
        throw wrongArgument(`${place.name}.clear`, { index: 0, name: "pattern" }, "a string", pattern);
      }
      return chain(place.store().clear(pattern), (count) => new Results([true, count]));
    },
  }),
  set_ttl: define({
    description: "Lets a key expire after so many seconds; zero or less removes the expiry.",
    args: (z) => ({ key: z.string(), seconds: z.seconds() }),
    returns: "boolean existed",
    example: 'assert(not state.set_ttl("nothing", 60))',
    run: ({ key, seconds }, place) => place.store().setTtl(key, seconds),
  }),
  get_ttl: define({
    description: "Whole seconds left; -1 for no expiry, -2 when there is no such key.",
    args: (z) => ({ key: z.string() }),
    returns: "integer",
    example: 'assert(state.get_ttl("nothing") == -2)',
    effect: false,
    run: ({ key }, place) => place.store().getTtl(key),
  }),
};

function scanned({ key, value, revision, ttl }: ShownEntry): LuaRecord {
  return { key, value, revision, ttl };
}
