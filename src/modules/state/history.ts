import { chain } from "../../lib/awaitable.ts";
import { parseMoment } from "../../state/moment.ts";
import type { Version } from "../../state/store.ts";
import { checkPattern, watch } from "../../state/watch.ts";
import type { LuaFunction, LuaRecord } from "../module.ts";
import { defineStateFunction as define } from "./define.ts";
import type { Place } from "./place.ts";

/** The functions of `state` for what was, what changes, and how the store does. */
export const HISTORY_FUNCTIONS = {
  history: define({
    description:
      "Earlier values of a key, newest first: `value`, `revision`, `time`, `kind` of the change, and `by` whom.",
    args: (z) => ({ key: z.string(), limit: z.optional(z.integer(1)) }),
    returns:
      "{ key: string, revision: integer, kind: string, value: any, type: string, time: number, by: table }[]",
    example: 'state.set("v", 1)  assert(#state.history("v") == 1)',
    effect: false,
    run: ({ key, limit }, place) =>
      chain(place.store().history(key, limit), (versions) => versions.map(versionTable)),
  }),
  get_at: define({
    description:
      'The value as of a revision or a time (a date, or how long ago, such as "2h"). An error with code `compacted` when it is no longer kept.',
    args: (z) => ({ key: z.string(), moment: z.either(z.number(), z.string()) }),
    returns: "any",
    example: 'state.set("v", 1)  assert(state.get_at("v", state.history("v")[1].revision) == 1)',
    effect: false,
    run({ key, moment }, place) {
      const store = place.store();
      return store.getAt(key, parseMoment(moment, store.backend.now()));
    },
  }),
  on_change: define({
    description:
      "Calls a function for each change of keys that match a pattern, by anyone, until the run ends. It gets a table as `history` gives them.",
    args: (z) => ({ pattern: z.string(), fn: z.fn() }),
    example: 'state.on_change("app:*", function(change) print(change.key) end)',
    run({ pattern, fn }, place) {
      checkPattern(pattern);
      const store = place.store();
      return chain(store.backend.revision(), (after) => {
        void follow(fn, watch(store, pattern, { after, signal: place.ended }), place);
        return undefined;
      });
    },
  }),
  stats: define({
    description:
      "Figures about the store: total_keys, expired_keys, active_locks, db_size_bytes, db_path, backend, revision, keys_by_type, and reads, writes, retries and lock_wait (seconds spent waiting for locks) of this process.",
    args: () => ({}),
    returns: "table<string, any>",
    example: "assert(state.stats().total_keys == 0)",
    effect: false,
    run: (_, place) => chain(place.store().stats(), (stats): LuaRecord => ({ ...stats })),
  }),
};

/** A version as scripts see it: `time` in seconds since the epoch, `by` who wrote. */
function versionTable({ key, revision, kind, value, type, at, by }: Version): LuaRecord {
  const { host, user, pid, run, task } = by;
  return { key, revision, kind, value, type, time: at / 1000, by: { host, user, pid, run, task } };
}

/** Hands changes to a script's function, one after the other. */
async function follow(fn: LuaFunction, changes: AsyncIterable<Version>, { scripts }: Place): Promise<void> {
  const { report } = scripts.host;
  try {
    for await (const change of changes) await fn.call(versionTable(change)).catch(report);
  } catch (error) {
    report(error);
  }
}
