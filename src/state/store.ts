import type { Backend, Change, Entry, Guard, ListedEntry, Ref, Writer } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Value, ValueRecord } from "../lib/value.ts";
import { checkCount, checkLimit, checkNumber, checkText, checkTtl } from "./arguments.ts";
import { DEFAULT_VALUE_BYTES, decode, encode } from "./codec.ts";
import { guarded } from "./guarded.ts";
import { checkKey } from "./key.ts";
import { countLocks } from "./locks/survey.ts";
import { compareSwap, put, remove, setTtl } from "./operations/entries.ts";
import { listOf, listPush, listTake, sliceList } from "./operations/lists.ts";
import { increment, type LuaNumber, negate } from "./operations/numbers.ts";
import { append } from "./operations/text.ts";
import { parsePattern } from "./pattern.ts";
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
import { type Range, walk } from "./walk.ts";

export type { ShownEntry, StoreStats, Version };

export interface StoreOptions {
  readonly writer: Writer;
  /** Bytes that an encoded value may have. */
  readonly maxValueBytes?: number;
  /** What must hold in the same atomic step as every write. */
  readonly guard?: Guard;
}

/**
 * The calls of SPEC.md section 1 over one backend. Arguments are checked here (`bad_key`, `bad_value`,
 * `bad_argument`, `too_large`); what an operation means is in `operations/`. Answers at once when the backend does.
 */
export class Store {
  readonly #options: StoreOptions;
  readonly #writer: Writer;
  readonly #maxBytes: number;
  readonly #guard: Guard | undefined;
  #reads = 0;
  #writes = 0;

  constructor(
    readonly backend: Backend,
    options: StoreOptions,
  ) {
    this.#options = options;
    this.#writer = options.writer;
    this.#maxBytes = options.maxValueBytes ?? DEFAULT_VALUE_BYTES;
    this.#guard = options.guard;
  }

  /** The same store with some things otherwise, such as who writes: shares the backend, counts on its own. */
  with(options: Partial<StoreOptions>): Store {
    return new Store(this.backend, { ...this.#options, ...options });
  }

  /** Who writes here. */
  get writer(): Writer {
    return this.#writer;
  }

  /** Stores a value; `ttl` in seconds. Without one, an earlier expiry is removed. */
  set(key: string, value: unknown, ttl?: number): Awaitable<true> {
    checkKey(key);
    checkTtl(ttl);
    return this.#update(key, put([encode(value, key, this.#maxBytes)], ttl));
  }

  /** Stores several values in one commit; `ttl` in seconds for all of them. */
  setMany(
    values: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
    ttl?: number,
  ): Awaitable<true> {
    checkTtl(ttl);
    const entries = values instanceof Map ? [...values] : Object.entries(values);
    const refs = entries.map(([key]) => dataRef(key));
    const encoded = entries.map(([key, value]) => encode(value, key, this.#maxBytes));
    this.#writes++;
    return this.#commit(refs, put(encoded, ttl));
  }

  /** The value; undefined when there is none. */
  get(key: string): Awaitable<Value | undefined> {
    return this.#read(key, valueOfEntry);
  }

  /** The value. Raises `not_found` when there is none. */
  need(key: string): Awaitable<Value> {
    return this.#read(key, (entry) => {
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
    this.#reads++;
    return chain(this.backend.read(refs), recordOfEntries);
  }

  /** Whether there was something to delete. */
  delete(key: string): Awaitable<boolean> {
    checkKey(key);
    return this.#update(key, remove);
  }

  exists(key: string): Awaitable<boolean> {
    return this.#read(key, (entry) => entry !== undefined);
  }

  /** The keys that match a pattern, all without one, in byte order. */
  keys(pattern = "*"): Awaitable<string[]> {
    const keys: string[] = [];
    const each = ({ key }: ListedEntry) => keys.push(key);
    return chain(this.#walk({ ...parsePattern(pattern), values: false }, each), () => keys);
  }

  /** The values of all keys that start with a literal prefix, in byte order. */
  list(prefix = ""): Awaitable<ValueRecord> {
    const found: Entry[] = [];
    const each = (entry: ListedEntry) => found.push(entry as Entry);
    const range = { prefix, matches: () => true, values: true };
    return chain(this.#walk(range, each), () => recordOfEntries(found));
  }

  /** Up to `limit` entries that match, above `after`; `after` in the result when there may be more. */
  scan(
    pattern = "*",
    { limit = 1000, after }: { limit?: number; after?: string } = {},
  ): Awaitable<{ entries: ShownEntry[]; after?: string }> {
    checkLimit(limit);
    if (after !== undefined) checkKey(after);
    const now = this.backend.now();
    const entries: ShownEntry[] = [];
    const each = (entry: ListedEntry) => entries.push(shown(entry as Entry, now));
    const range = {
      ...parsePattern(pattern),
      values: true,
      limit,
      ...(after === undefined ? {} : { after }),
    };
    const walked = this.#walk(range, each);
    return chain(walked, () => {
      const last = entries.at(-1);
      return last !== undefined && entries.length === limit ? { entries, after: last.key } : { entries };
    });
  }

  /** Deletes the keys that match, all without a pattern, in one commit; how many. */
  clear(pattern = "*"): Awaitable<number> {
    const { prefix, matches } = parsePattern(pattern);
    this.#writes++;
    return this.backend.deleteRange({ space: "data", prefix, matches }, this.#writer, this.#guard);
  }

  /** Gives an entry `seconds` to live, or for ever when that is not above zero; false when it is absent. */
  setTtl(key: string, seconds: number): Awaitable<boolean> {
    checkKey(key);
    if (checkNumber(seconds, "seconds") > 0) checkTtl(seconds);
    return this.#update(key, setTtl(seconds));
  }

  /** Whole seconds left, rounded up; -1 without an expiry, -2 when it is absent. */
  getTtl(key: string): Awaitable<number> {
    return this.#read(key, (entry) =>
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
    return this.#update(key, append({ key, text, maxBytes: this.#maxBytes }));
  }

  /** Replaces `old` (undefined: absent) by `next` (undefined: deleted); false when it is something else. */
  compareSwap(key: string, old: unknown, next: unknown): Awaitable<boolean> {
    checkKey(key);
    const expected = old === undefined ? undefined : decode(encode(old, key, Number.POSITIVE_INFINITY));
    const encoded = next === undefined ? undefined : encode(next, key, this.#maxBytes);
    return this.#update(key, compareSwap(expected, encoded));
  }

  /** Adds items to the end of a list; its new length. Raises `not_a_list`. */
  listPush(key: string, ...items: unknown[]): Awaitable<number> {
    checkKey(key);
    const list = decode(encode(items, key, this.#maxBytes)) as Value[];
    return this.#update(key, listPush(key, list, this.#maxBytes));
  }

  /** Takes the last item; undefined when there is none. Raises `not_a_list`. */
  listPop(key: string): Awaitable<Value | undefined> {
    checkKey(key);
    return this.#update(key, listTake(key, "pop"));
  }

  /** Takes the first item; undefined when there is none. Raises `not_a_list`. */
  listShift(key: string): Awaitable<Value | undefined> {
    checkKey(key);
    return this.#update(key, listTake(key, "shift"));
  }

  /** How many items a list has; 0 when it is absent. Raises `not_a_list`. */
  listLength(key: string): Awaitable<number> {
    return this.#read(key, (entry) => listOf(entry, key, "count").length);
  }

  /** Items `from` to `to`, 1-based, inclusive, negative ones from the end. Raises `not_a_list`. */
  listRange(key: string, from = 1, to = -1): Awaitable<Value[]> {
    checkNumber(from, "from");
    checkNumber(to, "to");
    return this.#read(key, (entry) => sliceList(listOf(entry, key, "read"), from, to));
  }

  /** A key's entry with all that is known of it; undefined when there is none. */
  show(key: string): Awaitable<ShownEntry | undefined> {
    return this.#read(key, (entry) => entry && shown(entry, this.backend.now()));
  }

  /** The versions of a key, newest first. */
  history(key: string, limit = 100): Awaitable<Version[]> {
    checkKey(key);
    checkLimit(limit);
    this.#reads++;
    return chain(this.backend.history(key, { limit }), (records) => records.map(versionOf));
  }

  stats(): Awaitable<StoreStats> {
    const calls = { reads: this.#reads, writes: this.#writes };
    return chain(countLocks(this.backend), (activeLocks) =>
      chain(this.backend.stats(), (stats) => statsOf(this.backend, stats, { ...calls, activeLocks })),
    );
  }

  close(): Awaitable<void> {
    return this.backend.close();
  }

  #add(options: { key: string; delta: LuaNumber; ttl: number | undefined; verb: "increment" | "decrement" }) {
    checkKey(options.key);
    checkCount(options.delta, "delta");
    checkTtl(options.ttl);
    return this.#update(options.key, increment(options));
  }

  #update<R>(key: string, change: Change<R>): Awaitable<R> {
    this.#writes++;
    return this.#commit([{ space: "data", key }], change);
  }

  #commit<R>(refs: readonly Ref[], change: Change<R>): Awaitable<R> {
    if (this.#guard === undefined) return this.backend.update(refs, change, this.#writer);
    return this.backend.update([...refs, ...this.#guard.refs], guarded(change, this.#guard), this.#writer);
  }

  #read<R>(key: string, use: (entry: Entry | undefined) => R): Awaitable<R> {
    checkKey(key);
    this.#reads++;
    const read = this.backend.read([{ space: "data", key }]);
    return read instanceof Promise ? read.then(([entry]) => use(entry)) : use(read[0]);
  }

  #walk(range: Range, each: (entry: ListedEntry) => void): Awaitable<void> {
    this.#reads++;
    return walk(this.backend, range, each);
  }
}

function dataRef(key: unknown): Ref {
  checkKey(key);
  return { space: "data", key };
}
