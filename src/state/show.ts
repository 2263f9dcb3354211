import type { Backend, BackendStats, ChangeRecord, Entry } from "../backends/backend.ts";
import { RunnerError } from "../lib/errors.ts";
import { createRecord, type Value, type ValueRecord, type ValueType } from "../lib/value.ts";
import type { Calls } from "./access.ts";
import { decode } from "./codec.ts";

/** An entry as `show` and `scan` give it. */
export interface ShownEntry {
  readonly key: string;
  readonly value: Value;
  readonly type: ValueType;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  /** Whole seconds left, rounded up; absent without an expiry. */
  readonly ttl?: number;
}

/** One version of a key; `value` and `type` are absent when it was deleted or had expired. */
export interface Version extends Omit<ChangeRecord, "value"> {
  readonly value?: Value;
  readonly type?: ValueType;
}

/** The figures of SPEC.md's `stats`, under the names that users see. */
export interface StoreStats {
  readonly total_keys: number;
  readonly expired_keys: number;
  readonly active_locks: number;
  readonly db_size_bytes: number;
  /** Those of them that are in the log beside the data. */
  readonly log_size_bytes: number;
  /** Versions in the history. */
  readonly history_records: number;
  readonly db_path: string | undefined;
  readonly backend: string;
  /** What the engine promises of acknowledged changes, where that is up to it. */
  readonly durability?: string;
  readonly revision: number;
  readonly keys_by_type: Readonly<Partial<Record<ValueType, number>>>;
  /** Calls of this process. */
  readonly reads: number;
  readonly writes: number;
  readonly retries: number;
  /** What it has spent waiting for locks, in seconds. */
  readonly lock_wait: number;
}

/** An entry's value; undefined without one. */
export function valueOfEntry(entry: Entry | undefined): Value | undefined {
  return entry === undefined ? undefined : decode(entry.value);
}

/** The values of entries by key, those that there are. */
export function recordOfEntries(entries: readonly (Entry | undefined)[]): ValueRecord {
  const record = createRecord();
  for (const entry of entries) if (entry !== undefined) record[entry.key] = decode(entry.value);
  return record;
}

/**
 * An entry as `show` gives it; `now` in ms since the epoch. Where its value is damaged: raises that, or tells `damaged`
 * of its key and gives nothing.
 */
export function shown(entry: Entry, now: number): ShownEntry;
export function shown(
  entry: Entry,
  now: number,
  damaged: ((key: string) => void) | undefined,
): ShownEntry | undefined;
export function shown(entry: Entry, now: number, damaged?: (key: string) => void): ShownEntry | undefined {
  const ttl = secondsLeft(entry, now);
  try {
    const { value, ...rest } = entry;
    return { ...rest, type: value.type, value: decode(value), ...(ttl === undefined ? {} : { ttl }) };
  } catch (error) {
    if (damaged === undefined || !(error instanceof RunnerError) || error.code !== "damaged") throw error;
    damaged(entry.key);
    return undefined;
  }
}

/** Whole seconds until an entry expires, rounded up; undefined when it never does. */
export function secondsLeft({ expiresAt }: Entry, now: number): number | undefined {
  return expiresAt === undefined ? undefined : Math.max(Math.ceil((expiresAt - now) / 1000), 1);
}

/** A record of the history with its value decoded. */
export function versionOf({ value, ...rest }: ChangeRecord): Version {
  return value === undefined ? rest : { ...rest, type: value.type, value: decode(value) };
}

/** A backend's figures and this process's counts, as users see them. */
export function statsOf(
  backend: Backend,
  stats: BackendStats,
  { reads, writes, lockWaitMs, activeLocks }: Calls & { activeLocks: number },
): StoreStats {
  return {
    total_keys: Object.values(stats.keysByType).reduce((sum, count) => sum + count, 0),
    expired_keys: stats.expiredKeys,
    active_locks: activeLocks,
    db_size_bytes: stats.sizeBytes,
    log_size_bytes: stats.logBytes ?? 0,
    history_records: stats.historyRecords ?? 0,
    db_path: backend.location,
    backend: backend.name,
    ...(stats.durability !== undefined && { durability: stats.durability }),
    revision: stats.revision,
    keys_by_type: stats.keysByType,
    reads,
    writes,
    retries: stats.retries,
    lock_wait: Math.round(lockWaitMs) / 1000,
  };
}
