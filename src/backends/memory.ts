import { RunnerError } from "../lib/errors.ts";
import type { ValueType } from "../lib/value.ts";
import {
  type Backend,
  type BackendStats,
  type Change,
  type ChangeRecord,
  type Cursor,
  type Entry,
  type Guard,
  isSweepDue,
  type ListedEntry,
  type Loaded,
  type LoadItem,
  type LoadOptions,
  type Page,
  type Ref,
  type Space,
  SWEEP_BATCH,
  type Writer,
} from "./backend.ts";
import { ChangeLog } from "./change-log.ts";
import { type Commit, type PlannedWrite, planWrites, recordOf } from "./commit.ts";
import { Keyspace, sizeOf } from "./keyspace.ts";
import { planLoad, recordOfLoad } from "./load.ts";
import { checkKept, KEEP_ALL, type Retention } from "./retention.ts";
import { Wakers } from "./wakers.ts";

export interface MemoryOptions {
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /** How much history is kept; all of it by default. */
  readonly retention?: Retention;
  /** Bytes that all entries together may have. */
  readonly maxBytes?: number;
}

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
  readonly #log: ChangeLog;
  readonly #wakers = new Wakers();
  readonly #maxBytes: number;
  readonly now: () => number;
  #revision = 0;
  #sweptAt: number;

  constructor({ now = Date.now, retention = KEEP_ALL, maxBytes = Infinity }: MemoryOptions = {}) {
    this.now = now;
    this.#log = new ChangeLog(retention);
    this.#maxBytes = maxBytes;
    this.#sweptAt = now();
  }

  read(refs: readonly Ref[]): (Entry | undefined)[] {
    return this.#live(refs, this.now());
  }

  scan(page: Page & { values: boolean }): ListedEntry[] {
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

  update<R>(refs: readonly Ref[], change: Change<R>, by: Writer, pages: readonly Page[] = []): R {
    const now = this.now();
    const entries = this.#live(refs, now);
    const listed = pages.map((page) => this.scan({ ...page, values: false }));
    const { result, writes } = change(entries, now, listed);
    const planned = planWrites(refs, entries, writes, now).filter((write) => this.#isEffective(write));
    if (planned.length > 0) {
      this.#checkSize(planned);
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

  updateNow<R>(refs: readonly Ref[], change: Change<R>, by: Writer): R {
    return this.update(refs, change, by);
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
    if (doomed.length > 0) {
      this.#drop(range.space, doomed, "delete", { revision: ++this.#revision, now, by });
      this.#wakers.wake();
    }
    return doomed.length;
  }

  changes({ after, prefix, limit }: { after: Cursor; prefix: string; limit: number }): ChangeRecord[] {
    checkKept(after, this.#log.compacted);
    return this.#log.after(after, prefix, limit);
  }

  history(key: string, { before = Infinity, limit }: { before?: number; limit: number }): ChangeRecord[] {
    return this.#log.versions(key, before, limit);
  }

  revision(): number {
    return this.#revision;
  }

  compacted(): number {
    return this.#log.compacted;
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#wakers.add(signal);
  }

  *snapshot({ space, prefix }: { space: Space; prefix: string }): Generator<readonly Entry[]> {
    const now = this.now();
    const entries = [...this.#spaces[space].range(prefix)].filter((entry) => !isExpired(entry, now));
    if (entries.length > 0) yield entries;
  }

  load(items: () => Iterable<LoadItem>, { replace, above }: LoadOptions, by: Writer): Loaded {
    const commit = { revision: Math.max(this.#revision, above) + 1, now: this.now(), by };
    const plan = planLoad(items(), ({ space, key }) => this.#spaces[space].get(key));
    const doomed = replace.map((space) => ({
      space,
      entries: [...this.#spaces[space].values()].filter(({ key }) => !plan.mentions({ space, key })),
    }));
    const removed = doomed.reduce((sum, { entries }) => sum + entries.length, 0);
    if (plan.puts.length + removed > 0) this.#revision = commit.revision;
    for (const { space, entry } of plan.puts) {
      this.#spaces[space].set({ ...entry, revision: commit.revision });
    }
    const puts = plan.puts.filter(({ space }) => space === "data");
    this.#remember(puts.map(({ entry }) => recordOfLoad(entry, commit)));
    for (const { space, entries } of doomed) this.#drop(space, entries, "delete", commit);
    this.#wakers.wake();
    return { written: plan.puts.length, same: plan.same, removed };
  }

  stats(): BackendStats {
    const now = this.now();
    const keysByType: Partial<Record<ValueType, number>> = {};
    let [expiredKeys, sizeBytes] = [0, 0];
    for (const entry of this.#spaces.data.values()) {
      const { type } = entry.value;
      sizeBytes += sizeOf(entry.key, entry.value);
      if (isExpired(entry, now)) expiredKeys++;
      else keysByType[type] = (keysByType[type] ?? 0) + 1;
    }
    const historyRecords = this.#log.size;
    return { keysByType, expiredKeys, sizeBytes, historyRecords, revision: this.#revision, retries: 0 };
  }

  sweep(limit: number, by: Writer): number {
    const now = this.now();
    this.#sweptAt = now;
    this.#log.pruneOld(now);
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
    if (swept > 0) {
      this.#revision = commit.revision;
      this.#wakers.wake();
    }
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

  /** Whether a write is not the purge of a key of which nothing is known. */
  #isEffective({ ref, purge }: PlannedWrite): boolean {
    const { space, key } = ref;
    if (!purge || this.#spaces[space].get(key) !== undefined) return true;
    return space === "data" && this.#log.versions(key, Infinity, 1).length > 0;
  }

  #checkSize(planned: readonly PlannedWrite[]): void {
    let size = Object.values(this.#spaces).reduce((sum, { bytes }) => sum + bytes, 0);
    let growth = 0;
    for (const { ref, put } of planned) {
      const old = this.#spaces[ref.space].get(ref.key);
      growth += (put ? sizeOf(ref.key, put) : 0) - (old ? sizeOf(ref.key, old.value) : 0);
    }
    size += growth;
    if (growth <= 0 || size <= this.#maxBytes) return;
    const most = this.#maxBytes.toLocaleString("en");
    throw new RunnerError(
      "too_large",
      `Cannot store "${planned[0]?.ref.key}": this store in memory would have more than ${most} bytes. ` +
        "Delete something first, or raise state.session_max.",
    );
  }

  #apply({ ref, put, createdAt, expiresAt, purge }: PlannedWrite, { revision, now }: Commit): void {
    if (purge && ref.space === "data") this.#log.purge(ref.key);
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
    this.#log.append(records, this.now());
  }
}

function isExpired(entry: Entry, now: number): boolean {
  return entry.expiresAt !== undefined && entry.expiresAt <= now;
}
