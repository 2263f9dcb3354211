import type { Awaitable } from "../lib/awaitable.ts";
import type { ValueType } from "../lib/value.ts";

/** Keyspaces of one store. A commit is atomic across them; only `data` is listed and given history. */
export const SPACES = ["data", "lock", "run", "once"] as const;
export type Space = (typeof SPACES)[number];

/** One entry's place. */
export interface Ref {
  readonly space: Space;
  /** 1..1024 bytes of UTF-8 without NUL; checked before it comes here. */
  readonly key: string;
}

/**
 * A value in the form in which backends keep it. What `data` holds follows from `type`:
 * string: the text · bytes: the bytes · boolean: 0 or 1 · number: a number, or decimal text where a number
 * would lose something (2^63-1, 1.0, -0.0, nan, inf) · list and table: JSON text, or tagged JSON as UTF-8 bytes
 * where plain JSON cannot say it.
 */
export interface Encoded {
  readonly type: ValueType;
  readonly data: string | number | Uint8Array;
}

/** What is stored under a ref. Times are milliseconds since the epoch by the backend's clock. */
export interface Entry {
  readonly key: string;
  readonly value: Encoded;
  /** Revision of the commit that last wrote it. */
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
}

/** An entry as a listing gives it; the value is absent when the page asked for keys only. */
export interface ListedEntry extends Omit<Entry, "value"> {
  readonly value?: Encoded;
}

/**
 * A put or a delete of one ref. `expires`: keep what it has, remove it, or milliseconds since the epoch. `purge`: its
 * history goes as well, also that of a key which is absent by now; what remains is the record of the deletion.
 */
export type Write =
  | { readonly put: Encoded; readonly expires: "keep" | "never" | number }
  | { readonly delete: true; readonly purge?: true };

/**
 * What an update does, decided purely: entries in (in the order of the refs, expired ones absent), writes out
 * (same order; undefined leaves the entry alone). `pages` are what `update` was asked to list with them. It runs again when another writer got between, so it must
 * have no effects. `now` is the backend's clock in ms, read together with the entries.
 */
export type Change<R> = (
  entries: readonly (Entry | undefined)[],
  now: number,
  pages?: readonly (readonly ListedEntry[])[],
) => { result: R; writes?: readonly (Write | undefined)[] };

/** A page of the live entries of a space, in the byte order of their keys; `after` is exclusive. */
export interface Page {
  readonly space: Space;
  readonly prefix: string;
  readonly after?: string;
  readonly limit: number;
}

/** What must hold in the same atomic step in which something is written. */
export interface Guard {
  readonly refs: readonly Ref[];
  /** Gets the entries of its refs, in order, and the backend's clock in ms; raises when nothing may be written. */
  check(entries: readonly (Entry | undefined)[], now: number): void;
}

/** Writers reclaim expired entries at most this often; the time of the last time is kept in the store. */
export const SWEEP_INTERVAL_MS = 5 * 60 * 1000;
/** Entries that one such sweep reclaims at most, so that no write waits long for it. */
export const SWEEP_BATCH = 1000;

/** Whether a sweep is due. A time in the future (the clock was set back) does not put it off. */
export function isSweepDue(sweptAt: number, now: number): boolean {
  return Math.abs(now - sweptAt) >= SWEEP_INTERVAL_MS;
}

/** Who wrote; kept in history. */
export interface Writer {
  readonly host: string;
  readonly user: string;
  readonly pid: number;
  readonly run?: string;
  readonly task?: string;
}

/** One earlier or current version of a key. `value` is absent for a deletion. */
export interface ChangeRecord {
  readonly key: string;
  readonly revision: number;
  readonly kind: "put" | "delete" | "expire";
  readonly value?: Encoded;
  readonly expiresAt?: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: Writer;
}

/** A place in the feed of changes: everything up to and including this key of this revision has been seen. */
export interface Cursor {
  readonly revision: number;
  readonly key?: string;
}

/** An entry to be loaded, with the times that it had elsewhere. Its revision will be that of the commit. */
export interface LoadItem {
  readonly space: Space;
  readonly entry: Omit<Entry, "revision">;
}

export interface LoadOptions {
  /** Spaces of which nothing else shall remain. */
  readonly replace: readonly Space[];
  /** The revision of the commit is above this one, too. */
  readonly above: number;
}

/** What a load came to, in entries. */
export interface Loaded {
  readonly written: number;
  /** Equal in value and expiry already, and left alone. */
  readonly same: number;
  readonly removed: number;
}

export interface BackendStats {
  /** Live entries of the `data` space by type; types without entries are absent. */
  readonly keysByType: Readonly<Partial<Record<ValueType, number>>>;
  /** Expired entries of the `data` space that wait to be reclaimed. */
  readonly expiredKeys: number;
  /** What the engine promises of acknowledged changes, in a few words, where `state.durability` has no say in it. */
  readonly durability?: string;
  /** Bytes on disk or in memory, as far as the engine can say. */
  readonly sizeBytes: number;
  /** Those of them that are in a log beside the data; absent where there is none. */
  readonly logBytes?: number;
  /** Versions kept in the history; absent where counting them would take long. */
  readonly historyRecords?: number;
  /** Revision of the newest commit; 0 before the first. */
  readonly revision: number;
  /** Retries that contention has cost in this process. */
  readonly retries: number;
}

/**
 * Bytes and atomicity: all that an engine must provide. The meaning of every operation lives above it, once, in
 * pure functions. Every method raises `RunnerError` with code `unavailable` or `damaged` when the engine fails.
 */
export interface Backend {
  readonly name: string;
  /** Where the data is, for people: a path or a URL without credentials; absent for memory. */
  readonly location?: string;
  readonly durable: boolean;
  /** Whether other processes may work on the same data. */
  readonly shared: boolean;
  /**
   * How a thread opens the same store once more, to renew leases while this one computes: a program that calls
   * `serveRenewals`, and what that is given, which can be copied. Absent where only this thread can reach the store.
   */
  readonly thread?: { readonly program: URL; readonly description: unknown } | undefined;
  /** The clock that decides expiry, in milliseconds since the epoch. */
  now(): number;
  /** One consistent view of `refs`, in order. Expired entries are absent. */
  read(refs: readonly Ref[]): Awaitable<(Entry | undefined)[]>;
  /**
   * The entry as `get` may give it: from memory, where `state.cache_size` lets it, as it was a moment ago. Absent where
   * nothing is remembered.
   */
  recall?(ref: Ref): Awaitable<Entry | undefined>;
  /** One page of live entries in the byte order of their keys; `after` is exclusive. */
  scan(page: Page & { values: boolean }): Awaitable<ListedEntry[]>;
  /** Replaces the entries of `refs` by what `change` decides: one commit, one revision, all or nothing. A
   *  change without writes commits nothing and takes no revision. `pages` are listed, without values, in the same
   *  atomic step: the change gets them in their order. */
  update<R>(refs: readonly Ref[], change: Change<R>, by: Writer, pages?: readonly Page[]): Awaitable<R>;
  /** As `update`, after those that still wait: while another process keeps it out, this thread sleeps. Absent where an
   *  engine is out of this thread's reach. */
  updateNow?<R>(refs: readonly Ref[], change: Change<R>, by: Writer): R;
  /** Deletes all live entries of a space whose key starts with `prefix` and satisfies `matches`, in one commit.
   *  Returns how many. What `guard` raises comes out, and nothing is deleted. */
  deleteRange(
    range: { space: Space; prefix: string; matches: (key: string) => boolean },
    by: Writer,
    guard?: Guard,
  ): Awaitable<number>;
  /** Changes of the `data` space after a cursor, oldest first, keys of one revision in byte order. Raises `compacted`
   *  when some of them are not kept any more. */
  changes(page: { after: Cursor; prefix: string; limit: number }): Awaitable<ChangeRecord[]>;
  /** Versions of one key of the `data` space, newest first, those before revision `before` if given. */
  history(key: string, page: { before?: number; limit: number }): Awaitable<ChangeRecord[]>;
  /** Revision of the newest commit; 0 before the first. */
  revision(): Awaitable<number>;
  /** The highest revision of which retention has dropped something; 0 when it never has. */
  compacted(): Awaitable<number>;
  /** Resolves, never rejects, when anybody may have committed something since this call, or the signal is aborted.
   *  Costs next to nothing while it waits. */
  wait(signal: AbortSignal): Promise<void>;
  /**
   * The live entries of a range in byte order, in pages, as of the moment of the first one. What it holds is freed when
   * the iteration ends, also before its end.
   */
  snapshot(range: {
    space: Space;
    prefix: string;
  }): Iterable<readonly Entry[]> | AsyncIterable<readonly Entry[]>;
  /**
   * Raises `damaged` when a listing of all of the `data` space that found so many entries has missed some. Absent where
   * an engine has nothing to tell it by.
   */
  checkListed?(found: number): Awaitable<void>;
  /**
   * Puts many entries in one commit: all of them or, when `items` raises, none. A key that comes twice raises
   * `invalid`. `items` is called once for each attempt.
   */
  load(items: () => Iterable<LoadItem>, options: LoadOptions, by: Writer): Awaitable<Loaded>;
  /** Writes the whole store, history included, as a database file of the sqlite backend to a path where nothing is.
   *  Absent where an engine cannot: entries alone are copied then. */
  backup?(file: string): Awaitable<void>;
  /** Gives back what deleted entries took. Absent where an engine does that by itself. */
  compact?(): Awaitable<void>;
  stats(): Awaitable<BackendStats>;
  /** Reclaims up to `limit` expired entries in one commit, as changes of kind `expire`; returns how many. Drops some of
   *  what the history has too much of. */
  sweep(limit: number, by: Writer): Awaitable<number>;
  /**
   * Removes the store with all that belongs to it; after it, this backend is of no use but to be closed. Absent where
   * whoever made the place of the store removes that.
   */
  erase?(): Awaitable<void>;
  close(): Awaitable<void>;
}
