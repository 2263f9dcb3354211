import type { Backend, Entry, ListedEntry, Ref } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Value, ValueRecord } from "../lib/value.ts";
import { Access, type StoreOptions } from "./access.ts";
import { checkCount, checkLimit, checkNumber, checkText, checkTtl } from "./arguments.ts";
import { decode, encode } from "./codec.ts";
import { versionAt } from "./history.ts";
import { checkKey } from "./key.ts";
import type { Locks } from "./locks/locks.ts";
import { countLocks } from "./locks/survey.ts";
import type { Moment } from "./moment.ts";
import { become, compareSwap, purge, put, remove, setTtl } from "./operations/entries.ts";
import { listOf, listPush, listTake, sliceList } from "./operations/lists.ts";
import { increment, type LuaNumber, negate } from "./operations/numbers.ts";
import { append } from "./operations/text.ts";
import { parsePattern } from "./pattern.ts";
import { closeGaps } from "./purge.ts";
import { type Allowance, rateLimit } from "./rate-limit.ts";
import {
  recordOfEntries,
  type ShownEntry,
  type StoreStats,
  secondsLeft,
  shown,
  statsOf,
  type Version,
  valueOfEntry,
  versionOf,
} from "./show.ts";
import { Tries, transact } from "./transaction.ts";

export type { ShownEntry, StoreOptions, StoreStats, Version };

/**
 * The calls of SPEC.md section 1 over one backend. Arguments are checked here (`bad_key`, `bad_value`,
 * `bad_argument`, `too_large`); what an operation means is in `operations/`. Answers at once when the backend does.
 */
export class Store extends Access {
  /** The same store with some things otherwise, such as who writes: shares the backend and the counts. */
  with(options: Partial<StoreOptions>): Store {
    return new Store(this.backend, { ...this.options, calls: this.calls, ...options });
  }

  /** Stores a value; `ttl` in seconds. Without one, an earlier expiry is removed. */
  set(key: string, value: unknown, ttl?: number): Awaitable<true> {
    checkKey(key);
    checkTtl(ttl);
    return this.update(key, put([encode(value, key, this.maxBytes)], ttl));
  }

  /** Stores several values in one commit; `ttl` in seconds for all of them. */
  setMany(
    values: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
    ttl?: number,
  ): Awaitable<true> {
    checkTtl(ttl);
    const entries = values instanceof Map ? [...values] : Object.entries(values);
    const refs = entries.map(([key]) => dataRef(key));
    const encoded = entries.map(([key, value]) => encode(value, key, this.maxBytes));
    return this.commit(refs, put(encoded, ttl));
  }

  /** The value; undefined when there is none. */
  get(key: string): Awaitable<Value | undefined> {
    return this.recall(key, valueOfEntry);
  }

  /** The value. Raises `not_found` when there is none. */
  need(key: string): Awaitable<Value> {
    return this.read(key, (entry) => {
      if (entry !== undefined) return decode(entry.value);
      throw new RunnerError(
        "not_found",
        `Cannot find "${key}" in the state. Set it first, or give a default.`,
      );
    });
  }

  /** The values of those keys that exist, as of one moment. */
  getMany(keys: readonly string[]): Awaitable<ValueRecord> {
    const refs = keys.map(dataRef);
    this.calls.reads++;
    return chain(this.backend.read(refs), recordOfEntries);
  }

  /** Whether there was something to delete. `purge`: its history goes as well, also when it is absent by now. */
  delete(key: string, { purge: purges = false } = {}): Awaitable<boolean> {
    if (!purges) return this.update(key, remove);
    return chain(this.update(key, purge), (existed) => chain(closeGaps(this.backend), () => existed));
  }

  exists(key: string): Awaitable<boolean> {
    return this.read(key, (entry) => entry !== undefined);
  }

  /** The keys that match a pattern, all without one, in byte order: up to `limit` of them above `after`, if given. */
  keys(pattern = "*", page: { limit?: number; after?: string } = {}): Awaitable<string[]> {
    const keys: string[] = [];
    const each = ({ key }: ListedEntry) => keys.push(key);
    return chain(this.walk({ ...page, ...parsePattern(pattern), values: false }, each), () => keys);
  }

  /** The values of all keys that start with a literal prefix, in byte order. */
  list(prefix = ""): Awaitable<ValueRecord> {
    const found: Entry[] = [];
    const each = (entry: ListedEntry) => found.push(entry as Entry);
    const range = { prefix, matches: () => true, values: true };
    return chain(this.walk(range, each), () => recordOfEntries(found));
  }

  /**
   * Up to `limit` entries that match, above `after`; `after` in the result when there may be more. Raises `damaged`, or
   * tells `damaged` of the keys and leaves them out.
   */
  scan(
    pattern = "*",
    {
      limit = 1000,
      after,
      damaged,
    }: { limit?: number; after?: string; damaged?: (key: string) => void } = {},
  ): Awaitable<{ entries: ShownEntry[]; after?: string }> {
    checkLimit(limit);
    if (after !== undefined) checkKey(after);
    const now = this.backend.now();
    const entries: ShownEntry[] = [];
    const each = (entry: ListedEntry) => {
      const whole = shown(entry as Entry, now, damaged);
      if (whole !== undefined) entries.push(whole);
    };
    const range = { ...parsePattern(pattern), values: true, limit, ...(after !== undefined && { after }) };
    return chain(this.walk(range, each), (next) =>
      next === undefined ? { entries } : { entries, after: next },
    );
  }

  /** Deletes the keys that match, all without a pattern, in one commit; how many. */
  clear(pattern = "*"): Awaitable<number> {
    const { prefix, matches } = parsePattern(pattern);
    return this.backend.deleteRange({ space: "data", prefix, matches }, this.writer, this.guard);
  }

  /** Gives an entry `seconds` to live, or for ever when that is not above zero; false when it is absent. */
  setTtl(key: string, seconds: number): Awaitable<boolean> {
    checkKey(key);
    if (checkNumber(seconds, "seconds") > 0) checkTtl(seconds);
    return this.update(key, setTtl(seconds));
  }

  /** Whole seconds left, rounded up; -1 without an expiry, -2 when it is absent. */
  getTtl(key: string): Awaitable<number> {
    return this.read(key, (entry) =>
      entry === undefined ? -2 : (secondsLeft(entry, this.backend.now()) ?? -1),
    );
  }

  /** Adds to a number; `ttl` in seconds counts when this creates it. Raises `not_a_number`, `overflow`. */
  increment(key: string, delta: LuaNumber = 1, { ttl }: { ttl?: number } = {}): Awaitable<LuaNumber> {
    return this.#add({ key, delta, ttl, verb: "increment" });
  }

  /** Takes away from a number, as `increment` adds. */
  decrement(key: string, delta: LuaNumber = 1, { ttl }: { ttl?: number } = {}): Awaitable<LuaNumber> {
    checkCount(delta, "delta");
    return this.#add({ key, delta: negate(delta), ttl, verb: "decrement" });
  }

  /** Adds to the end of a string; its new length in bytes. Raises `not_a_string`. */
  append(key: string, text: string | Uint8Array): Awaitable<number> {
    checkKey(key);
    checkText(text, "text");
    return this.update(key, append({ key, text, maxBytes: this.maxBytes }));
  }

  /** Replaces `old` (undefined: absent) by `next` (undefined: deleted); false when it is something else. */
  compareSwap(key: string, old: unknown, next: unknown): Awaitable<boolean> {
    checkKey(key);
    const expected = old === undefined ? undefined : decode(encode(old, key, Number.POSITIVE_INFINITY));
    const encoded = next === undefined ? undefined : encode(next, key, this.maxBytes);
    return this.update(key, compareSwap(expected, encoded));
  }

  /** Adds items to the end of a list; its new length. Raises `not_a_list`. */
  listPush(key: string, ...items: unknown[]): Awaitable<number> {
    checkKey(key);
    const list = decode(encode(items, key, this.maxBytes)) as Value[];
    return this.update(key, listPush(key, list, this.maxBytes));
  }

  /** Takes the last item; undefined when there is none. Raises `not_a_list`. */
  listPop(key: string): Awaitable<Value | undefined> {
    checkKey(key);
    return this.update(key, listTake(key, "pop"));
  }

  /** Takes the first item; undefined when there is none. Raises `not_a_list`. */
  listShift(key: string): Awaitable<Value | undefined> {
    checkKey(key);
    return this.update(key, listTake(key, "shift"));
  }

  /** How many items a list has; 0 when it is absent. Raises `not_a_list`. */
  listLength(key: string): Awaitable<number> {
    return this.read(key, (entry) => listOf(entry, key, "count").length);
  }

  /** Items `from` to `to`, 1-based, inclusive, negative ones from the end. Raises `not_a_list`. */
  listRange(key: string, from = 1, to = -1): Awaitable<Value[]> {
    checkNumber(from, "from");
    checkNumber(to, "to");
    return this.read(key, (entry) => sliceList(listOf(entry, key, "read"), from, to));
  }

  /** Counts a call against a limit of `max` in a window of so many seconds. Raises `not_a_number`. */
  rateLimit(key: string, max: number, window: number): Awaitable<Allowance> {
    checkLimit(max);
    checkTtl(window);
    return this.update(key, rateLimit({ key, max, window }));
  }

  /**
   * Runs `fn` on a view of this store and lands all that it wrote in one commit, or nothing. `fn` runs again when others
   * changed what it had read, so it should do nothing else. Inside of a transaction it joins that one. Raises what `fn`
   * raises, and `conflict` after 100 tries. With `locks`, those who lost often go one by one.
   */
  async transaction<R>(
    fn: (tx: Store) => Awaitable<R>,
    { locks }: { locks?: Locks | undefined } = {},
  ): Promise<R> {
    if (this.options.inTransaction) return fn(this);
    const { writer, guard } = this.options;
    return transact(new Tries(this.backend, { writer, guard, locks }), (backend) => fn(this.view(backend)));
  }

  /** This store as a transaction sees it, over the backend that its tries gave. */
  view(backend: Backend): Store {
    const { guard: _, ...options } = this.options;
    return new Store(backend, { ...options, calls: this.calls, inTransaction: true });
  }

  /** The value as of a moment; undefined when there was none. Raises `compacted` when it is no longer kept. */
  getAt(key: string, moment: Moment): Awaitable<Value | undefined> {
    return chain(this.versionAt(key, moment), (version) => version?.value);
  }

  /** The version in force at a moment; undefined when there was none. Raises `compacted`. */
  versionAt(key: string, moment: Moment): Awaitable<Version | undefined> {
    checkKey(key);
    this.calls.reads++;
    return versionAt(this.backend, key, moment);
  }

  /**
   * Gives a key the value of a moment, as a new version; `to` is the revision that this is from, null when there was none
   * and the key is deleted. Raises `compacted`.
   */
  revert(key: string, moment: Moment): Awaitable<{ changed: boolean; to: number | null }> {
    return chain(this.versionAt(key, moment), (version) => {
      const value = version?.value === undefined ? undefined : encode(version.value, key, this.maxBytes);
      const to = version?.revision ?? null;
      return chain(this.update(key, become(value)), (changed) => ({ changed, to }));
    });
  }

  /** A key's entry with all that is known of it; undefined when there is none. */
  show(key: string): Awaitable<ShownEntry | undefined> {
    return this.read(key, (entry) => entry && shown(entry, this.backend.now()));
  }

  /** The versions of a key, newest first. */
  history(key: string, limit = 100): Awaitable<Version[]> {
    checkKey(key);
    checkLimit(limit);
    this.calls.reads++;
    return chain(this.backend.history(key, { limit }), (records) => records.map(versionOf));
  }

  stats(): Awaitable<StoreStats> {
    return chain(countLocks(this.backend), (activeLocks) =>
      chain(this.backend.stats(), (stats) => statsOf(this.backend, stats, { ...this.calls, activeLocks })),
    );
  }

  close(): Awaitable<void> {
    return this.backend.close();
  }

  #add(options: { key: string; delta: LuaNumber; ttl: number | undefined; verb: "increment" | "decrement" }) {
    checkKey(options.key);
    checkCount(options.delta, "delta");
    checkTtl(options.ttl);
    return this.update(options.key, increment(options));
  }
}

function dataRef(key: unknown): Ref {
  checkKey(key);
  return { space: "data", key };
}
