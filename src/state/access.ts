import type { Backend, Change, Entry, Guard, ListedEntry, Ref, Writer } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import type { Constant, Value } from "../lib/value.ts";
import { DEFAULT_VALUE_BYTES, decodeOnce } from "./codec.ts";
import { guarded } from "./guarded.ts";
import { checkKey } from "./key.ts";
import { type Range, walk } from "./walk.ts";

export interface StoreOptions {
  readonly writer: Writer;
  /** Bytes that an encoded value may have. */
  readonly maxValueBytes?: number;
  /** What must hold in the same atomic step as every write. */
  readonly guard?: Guard;
  /** Whether it is the view of a transaction. */
  readonly inTransaction?: true;
  /** Where calls are counted; of its own by default. */
  readonly calls?: Calls;
}

/** Calls of this process. */
export interface Calls {
  reads: number;
  writes: number;
  /** What was spent waiting for locks, in ms. */
  lockWaitMs: number;
}

/** How a store reaches its backend: keys checked, calls counted, writes guarded and under its writer's name. */
export class Access {
  readonly calls: Calls;
  /** Bytes that an encoded value may have. */
  readonly maxBytes: number;

  constructor(
    readonly backend: Backend,
    protected readonly options: StoreOptions,
  ) {
    this.calls = options.calls ?? { reads: 0, writes: 0, lockWaitMs: 0 };
    this.maxBytes = options.maxValueBytes ?? DEFAULT_VALUE_BYTES;
  }

  /** Who writes here. */
  get writer(): Writer {
    return this.options.writer;
  }

  /** What must hold in the same atomic step as every write. */
  get guard(): Guard | undefined {
    return this.options.guard;
  }

  /** Applies a change to one key of the data. */
  protected update<R>(key: string, change: Change<R>): Awaitable<R> {
    checkKey(key);
    return this.commit([{ space: "data", key }], change);
  }

  protected commit<R>(refs: readonly Ref[], change: Change<R>): Awaitable<R> {
    this.calls.writes++;
    const { guard, writer } = this.options;
    if (guard === undefined) return this.backend.update(refs, change, writer);
    return this.backend.update([...refs, ...guard.refs], guarded(change, guard), writer);
  }

  protected read<R>(key: string, use: (entry: Entry | undefined) => R): Awaitable<R> {
    checkKey(key);
    this.calls.reads++;
    const read = this.backend.read([{ space: "data", key }]);
    return read instanceof Promise ? read.then(([entry]) => use(entry)) : use(read[0]);
  }

  /** As `read`, from what the backend remembers if it does, but never under a lock. */
  protected recall<R>(key: string, use: (entry: Entry | undefined) => R): Awaitable<R> {
    const { backend, options } = this;
    if (backend.recall === undefined || options.guard !== undefined) return this.read(key, use);
    checkKey(key);
    this.calls.reads++;
    return chain(backend.recall({ space: "data", key }), use);
  }

  /** The value, or, where it has been read before, maybe as a constant; undefined when there is none. */
  getConstant(key: string): Awaitable<Value | Constant | undefined> {
    return this.recall(key, constantOfEntry);
  }

  protected walk(range: Range, each: (entry: ListedEntry) => void): Awaitable<string | undefined> {
    this.calls.reads++;
    return walk(this.backend, range, each);
  }
}

function constantOfEntry(entry: Entry | undefined): Value | Constant | undefined {
  return entry === undefined ? undefined : decodeOnce(entry.value);
}
