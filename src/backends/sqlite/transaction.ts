import type { Database } from "bun:sqlite";
import { failpoint } from "../../lib/failpoint.ts";
import {
  type Change,
  type ChangeRecord,
  type Entry,
  type Guard,
  isSweepDue,
  type ListedEntry,
  type Page,
  type Ref,
  SPACES,
  type Writer,
} from "../backend.ts";
import { type Commit, type PlannedWrite, planWrites } from "../commit.ts";
import { isPruneDue, KEEP_ALL, type Retention } from "../retention.ts";
import { checksum } from "./checksum.ts";
import { pruneKey, pruneSome } from "./prune.ts";
import { above, type KeyRange, rangeOf } from "./range.ts";
import { Recent } from "./recent.ts";
import { type ListedRow, listedOf, liveOf, missing, type PlacedRow } from "./rows.ts";
import { Statements } from "./statements.ts";

/** Keys that a range is read in at a time. */
const RANGE_PAGE = 1000;
/** Keys of one commit whose history is looked at. */
const PRUNED_AT_ONCE = 8;

/** What an update leaves behind, beside its result. */
export interface Updated<R> {
  readonly result: R;
  /** Whether anything was committed. */
  readonly wrote: boolean;
  readonly sweepDue: boolean;
}

/** What the table `store` says, and what SQLite's `data_version` was at that moment. */
interface Counted {
  readonly revision: number;
  readonly sweptAt: number;
  readonly version: number;
}

/** Transactions on one open database. Everything here is synchronous and raises SQLite's own errors. */
export class Transactions {
  readonly statements: Statements;
  readonly #recent: Recent;
  #writer: { by: Writer; json: string } | undefined;
  /** As this connection last left it; holds until another one commits. */
  #counted: Counted | undefined;

  constructor(
    readonly database: Database,
    private readonly path: string,
    readonly retention: Retention = KEEP_ALL,
  ) {
    this.statements = new Statements(database);
    this.#recent = new Recent(path, this.statements);
  }

  /** The live entry of a ref, read on its own, in no transaction; undefined when there is none. */
  entry(ref: Ref, now: number): Entry | undefined {
    return this.#recent.read(ref, now);
  }

  /** The live entries of refs, in the transaction that is under way. */
  entries(refs: readonly Ref[], now: number): (Entry | undefined)[] {
    return refs.map((ref) =>
      this.#recent.liveOf(ref, this.statements.spaces[ref.space].read.get(ref.key), now),
    );
  }

  /** Applies a change to what it reads, in one immediate transaction. */
  update<R>(
    refs: readonly Ref[],
    change: Change<R>,
    clock: () => number,
    { by, pages }: { by: Writer; pages?: readonly Page[] | undefined },
  ): Updated<R> {
    const updated = this.#transact(() => {
      const now = clock();
      const rows = refs.map(({ space, key }) => this.statements.spaces[space].readToWrite.get(key));
      const entries = rows.map((row, place) => liveOf(refs[place] as Ref, row, now, this.path));
      const listed = pages?.map((page) => this.keys(page, now));
      const { result, writes } = change(entries, now, listed);
      let planned = planWrites(refs, entries, writes, now);
      if (planned.some(isPurge)) {
        planned = planned.filter((write) => this.#isEffective(write, rows[write.place] ?? null));
      }
      if (planned.length === 0) return { result, wrote: false, sweepDue: false, purged: false };
      const purged = planned.some(isPurge);
      // What is freed from here on is written over.
      if (purged) this.database.run("PRAGMA secure_delete = ON");
      const { revision: newest, sweptAt, version } = this.#count();
      const commit = { revision: newest + 1, now, by };
      for (const write of planned) this.#apply(write, rows[write.place] ?? null, commit);
      if (!planned.some(isOfData)) this.statements.setRevision.run(commit.revision);
      else if (isPruneDue(commit.revision, this.retention)) this.#prune(planned.filter(isOfData), commit);
      const counted = { revision: commit.revision, sweptAt, version };
      return { result, wrote: true, sweepDue: isSweepDue(sweptAt, now), purged, counted };
    });
    if (updated.counted !== undefined) this.#counted = updated.counted;
    if (updated.purged) this.#emptyLog();
    return updated;
  }

  /** Brings the log into the file and empties it, which still has what was purged. */
  #emptyLog(): void {
    try {
      this.database.run("PRAGMA secure_delete = OFF");
      this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Somebody reads what was there before. The purge itself has landed, and must not seem to have failed.
    }
  }

  /** The live entries of a page, without their values. */
  keys(page: Page, now: number): ListedEntry[] {
    const { from, to } = rangeOf(page);
    return this.statements.spaces[page.space].keysPage.all(from, to, now, page.limit).map(listedOf);
  }

  /** Deletes the live entries from `from` (inclusive) to `to` (exclusive) that match; how many. */
  deleteRange(
    range: KeyRange & { matches: (key: string) => boolean },
    now: number,
    by: Writer,
    guard?: Guard,
  ): number {
    return this.immediate(() => {
      guard?.check(this.entries(guard.refs, now), now);
      const commit = { revision: this.store().revision + 1, now, by };
      const page = this.statements.spaces[range.space].keysPage;
      let removed = 0;
      let from = range.from;
      for (;;) {
        const rows = page.all(from, range.to, now, RANGE_PAGE);
        for (const row of rows) {
          if (range.matches(row.key))
            removed += this.drop({ space: range.space, key: row.key }, row.rowid, "delete", commit);
        }
        if (rows.length < RANGE_PAGE) break;
        from = above((rows[rows.length - 1] as ListedRow).key);
      }
      if (removed > 0 && range.space !== "data") this.statements.setRevision.run(commit.revision);
      return removed;
    });
  }

  /** Deletes up to `limit` entries that have expired; how many. */
  sweep(limit: number, now: number, by: Writer): number {
    return this.immediate(() => {
      const commit = { revision: this.store().revision + 1, now, by };
      let swept = 0;
      for (const space of SPACES) {
        const rows = this.statements.spaces[space].expired.all(now, limit - swept);
        for (const row of rows) swept += this.drop({ space, key: row.key }, row.rowid, "expire", commit);
      }
      if (swept > 0) this.statements.setRevision.run(commit.revision);
      // A sweep that found nothing has no revision of its own.
      const newest = swept > 0 ? commit.revision : commit.revision - 1;
      pruneSome(this.statements, { revision: newest, now }, this.retention);
      this.statements.setSwept.run(now);
      return swept;
    });
  }

  /** Runs reads that belong together on one state of the database. */
  snapshot<R>(read: () => R): R {
    this.database.run("BEGIN");
    try {
      return read();
    } finally {
      if (this.database.inTransaction) this.statements.rollback.run();
    }
  }

  /** Runs work as one immediate transaction: all of it lands or none. */
  immediate<R>(work: () => R): R {
    this.#counted = undefined;
    return this.#transact(work);
  }

  #transact<R>(work: () => R): R {
    this.statements.begin.run();
    try {
      const result = work();
      failpoint("commit.before");
      this.statements.commit.run();
      failpoint("commit.after");
      return result;
    } catch (error) {
      // Some faults, such as a full disk, have rolled back already.
      if (this.database.inTransaction) this.statements.rollback.run();
      throw error;
    } finally {
      this.#recent.forgetMoment();
    }
  }

  /** The newest revision and the time of the last sweep. */
  store(): { revision: number; sweptAt: number } {
    const store = this.statements.store.get();
    if (store === null) throw new Error("the table store has no row");
    return store;
  }

  /** The same for the transaction of an update, from memory if nobody else has committed since the last one. */
  #count(): Counted {
    const version = this.statements.dataVersion.get()?.data_version ?? Number.NaN;
    const counted = this.#counted;
    // What this connection itself changes does not show in the version, and may be rolled back.
    this.#counted = undefined;
    return counted?.version === version ? counted : { ...this.store(), version };
  }

  /** How many live entries of `data` there are by the counts that every write keeps. */
  countLive(now: number): number {
    return this.statements.live.get(now)?.live ?? 0;
  }

  /** Whether a write is not the purge of a key of which nothing is known. */
  #isEffective({ ref, purge }: PlannedWrite, row: PlacedRow | null): boolean {
    return !purge || row !== null || (ref.space === "data" && this.statements.oldestOf.get(ref.key) !== null);
  }

  #prune(written: readonly PlannedWrite[], commit: Commit): void {
    for (const { ref } of written.slice(0, PRUNED_AT_ONCE)) {
      pruneKey(this.statements, ref.key, commit, this.retention);
    }
  }

  #apply(write: PlannedWrite, row: PlacedRow | null, commit: Commit): void {
    const { ref, put, expiresAt = null, createdAt, purge } = write;
    if (purge && ref.space === "data") this.statements.purge.run(ref.key);
    if (put === undefined) {
      if (row !== null) this.drop(ref, row.rowid, "delete", commit);
      else if (ref.space === "data") this.record(ref.key, "delete", null, null, commit);
      return;
    }
    const { revision, now } = commit;
    const { type, data } = put;
    const sum = checksum(ref.space, ref.key, { type, value: data, revision, expiresAt });
    const statements = this.statements.spaces[ref.space];
    if (row === null) {
      this.checkAbsent(ref);
      statements.insert.run(ref.key, type, data, revision, createdAt, now, expiresAt, sum);
    } else if (row.type === type && row.expiresAt === expiresAt && row.createdAt === createdAt) {
      statements.rewrite.run(row.rowid, data, revision, now, sum);
    } else statements.update.run(row.rowid, type, data, revision, createdAt, now, expiresAt, sum);
    if (ref.space === "data") this.record(ref.key, "put", put, expiresAt, commit);
  }

  /**
   * Raises `damaged` when the history knows of an entry that is said to be absent: in a damaged store, a change of it
   * would begin from nothing.
   */
  checkAbsent({ space, key }: Ref): void {
    if (space !== "data") return;
    const newest = this.statements.newestKind.get(key);
    if (newest?.kind === "put") throw missing(key, newest.revision, this.path);
  }

  /** Removes a row, with its record. */
  drop({ space, key }: Ref, rowid: number, kind: "delete" | "expire", commit: Commit): 1 {
    this.statements.spaces[space].remove.run(rowid);
    if (space === "data") this.record(key, kind, null, null, commit);
    return 1;
  }

  /** Writes the record of a change of the `data` space. */
  record(
    key: string,
    kind: ChangeRecord["kind"],
    put: PlannedWrite["put"] | null,
    expiresAt: number | null,
    { revision, now, by }: Commit,
  ): void {
    const type = put?.type ?? null;
    const value = put?.data ?? null;
    const sum = checksum(kind, key, { type, value, revision, expiresAt });
    this.statements.record.run(revision, key, kind, type, value, expiresAt, now, this.#json(by), sum);
  }

  /** The writer of one process hardly ever changes: its text is made once. */
  #json(by: Writer): string {
    if (this.#writer?.by !== by) this.#writer = { by, json: JSON.stringify(by) };
    return this.#writer.json;
  }
}

function isPurge({ purge }: PlannedWrite): boolean {
  return purge === true;
}

function isOfData({ ref }: PlannedWrite): boolean {
  return ref.space === "data";
}
