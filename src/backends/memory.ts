import type { ValueType } from "../lib/value.ts";
import {
  type Backend,
  type BackendStats,
  type Change,
  type ChangeRecord,
  type Cursor,
  type Encoded,
  type Entry,
  type Guard,
  isSweepDue,
  type ListedEntry,
  type Ref,
  type Space,
  SWEEP_BATCH,
  type Writer,
} from "./backend.ts";
import { type Commit, type PlannedWrite, planWrites, recordOf } from "./commit.ts";
import { Keyspace } from "./keyspace.ts";
import { compareKeys } from "./order.ts";
import { Wakers } from "./wakers.ts";

/** A store in the memory of this process: gone when it ends. Answers at once, always. */
export class MemoryBackend implements Backend {
  readonly name = "memory";
  readonly durable = false;
  readonly shared = false;
  readonly #spaces: Record<Space, Keyspace> = {
    data: new Keyspace(),
    lock: new Keyspace(),
    run: new Keyspace(),
    once: new Keyspace(),
  };
  /** By revision, keys of one revision in byte order. */
  readonly #changes: ChangeRecord[] = [];
  readonly #wakers = new Wakers();
  readonly #changesByKey = new Map<string, ChangeRecord[]>();
  readonly now: () => number;
  #revision = 0;
  #sweptAt: number;

  /** `now` is the clock, in milliseconds since the epoch. */
  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.now = now;
    this.#sweptAt = now();
  }

  read(refs: readonly Ref[]): (Entry | undefined)[] {
    return this.#live(refs, this.now());
  }

  scan(page: {
    space: Space;
    prefix: string;
    after?: string;
    limit: number;
    values: boolean;
  }): ListedEntry[] {
    const now = this.now();
    const found: ListedEntry[] = [];
    for (const entry of this.#spaces[page.space].range(page.prefix, page.after)) {
      if (found.length >= page.limit) break;
      if (isExpired(entry, now)) continue;
      const { value, ...rest } = entry;
      found.push(page.values ? entry : rest);
    }
    return found;
  }

  update<R>(refs: readonly Ref[], change: Change<R>, by: Writer): R {
    const now = this.now();
    const entries = this.#live(refs, now);
    const { result, writes } = change(entries, now);
    const planned = planWrites(refs, entries, writes, now);
    if (planned.length > 0) {
      const commit = { revision: ++this.#revision, now, by };
      for (const write of planned) this.#apply(write, commit);
      this.#remember(
        planned.filter(({ ref }) => ref.space === "data").map((write) => recordOf(write, commit)),
      );
      if (isSweepDue(this.#sweptAt, now)) this.sweep(SWEEP_BATCH, by);
      this.#wakers.wake();
    }
    return result;
  }

  deleteRange(
    range: { space: Space; prefix: string; matches: (key: string) => boolean },
    by: Writer,
    guard?: Guard,
  ): number {
    const now = this.now();
    guard?.check(this.#live(guard.refs, now), now);
    const space = this.#spaces[range.space];
    const doomed = [...space.range(range.prefix)].filter(
      (entry) => !isExpired(entry, now) && range.matches(entry.key),
    );
    if (doomed.length > 0) this.#drop(range.space, doomed, "delete", { revision: ++this.#revision, now, by });
    this.#wakers.wake();
    return doomed.length;
  }

  changes({ after, prefix, limit }: { after: Cursor; prefix: string; limit: number }): ChangeRecord[] {
    const found: ChangeRecord[] = [];
    for (const record of this.#changes) {
      if (found.length >= limit) break;
      if (isAfter(record, after) && record.key.startsWith(prefix)) found.push(record);
    }
    return found;
  }

  history(key: string, { before, limit }: { before?: number; limit: number }): ChangeRecord[] {
    const found: ChangeRecord[] = [];
    const records = this.#changesByKey.get(key) ?? [];
    for (let at = records.length - 1; at >= 0 && found.length < limit; at--) {
      const record = records[at] as ChangeRecord;
      if (before === undefined || record.revision < before) found.push(record);
    }
    return found;
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#wakers.add(signal);
  }

  stats(): BackendStats {
    const now = this.now();
    const keysByType: Partial<Record<ValueType, number>> = {};
    let [expiredKeys, sizeBytes] = [0, 0];
    for (const entry of this.#spaces.data.values()) {
      const { type } = entry.value;
      sizeBytes += sizeOf(entry);
      if (isExpired(entry, now)) expiredKeys++;
      else keysByType[type] = (keysByType[type] ?? 0) + 1;
    }
    return { keysByType, expiredKeys, sizeBytes, revision: this.#revision, retries: 0 };
  }

  sweep(limit: number, by: Writer): number {
    const now = this.now();
    this.#sweptAt = now;
    const commit = { revision: this.#revision + 1, now, by };
    let swept = 0;
    for (const space of Object.keys(this.#spaces) as Space[]) {
      const expired: Entry[] = [];
      for (const entry of this.#spaces[space].values()) {
        if (swept + expired.length >= limit) break;
        if (isExpired(entry, now)) expired.push(entry);
      }
      this.#drop(space, expired, "expire", commit);
      swept += expired.length;
    }
    if (swept > 0) this.#revision = commit.revision;
    this.#wakers.wake();
    return swept;
  }

  close(): void {
    this.#wakers.wake();
  }

  #live(refs: readonly Ref[], now: number): (Entry | undefined)[] {
    return refs.map(({ space, key }) => {
      const entry = this.#spaces[space].get(key);
      return entry === undefined || isExpired(entry, now) ? undefined : entry;
    });
  }

  #apply({ ref, put, createdAt, expiresAt }: PlannedWrite, { revision, now }: Commit): void {
    const space = this.#spaces[ref.space];
    if (put === undefined) {
      space.delete(ref.key);
      return;
    }
    const expiry = expiresAt === undefined ? {} : { expiresAt };
    space.set({ key: ref.key, value: put, revision, createdAt, updatedAt: now, ...expiry });
  }

  #drop(space: Space, entries: readonly Entry[], kind: "delete" | "expire", commit: Commit): void {
    for (const { key } of entries) this.#spaces[space].delete(key);
    if (space !== "data") return;
    const { revision, now: at, by } = commit;
    this.#remember(entries.map(({ key }) => ({ key, revision, kind, at, by })));
  }

  #remember(records: ChangeRecord[]): void {
    if (records.length > 1) records.sort((a, b) => compareKeys(a.key, b.key));
    for (const record of records) {
      this.#changes.push(record);
      const versions = this.#changesByKey.get(record.key);
      if (versions === undefined) this.#changesByKey.set(record.key, [record]);
      else versions.push(record);
    }
  }
}

function isExpired(entry: Entry, now: number): boolean {
  return entry.expiresAt !== undefined && entry.expiresAt <= now;
}

function isAfter(record: ChangeRecord, cursor: Cursor): boolean {
  if (record.revision !== cursor.revision) return record.revision > cursor.revision;
  return cursor.key !== undefined && compareKeys(record.key, cursor.key) > 0;
}

function sizeOf({ key, value }: { key: string; value: Encoded }): number {
  const { data } = value;
  return key.length + (typeof data === "number" ? 8 : data.length);
}
