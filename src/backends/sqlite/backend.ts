import { statSync } from "node:fs";
import type { Awaitable } from "../../lib/awaitable.ts";
import { chain } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import {
  type Backend,
  type BackendStats,
  type Change,
  type ChangeRecord,
  type Cursor,
  type Entry,
  type Guard,
  type ListedEntry,
  type Ref,
  type Space,
  SWEEP_BATCH,
  type Writer,
} from "../backend.ts";
import { compareKeys, prefixEnd } from "../order.ts";
import { CommitWatch } from "./commit-watch.ts";
import { createStore } from "./create.ts";
import { explain, isBusy } from "./errors.ts";
import type { FileIdentity } from "./inspect.ts";
import { checkIdentity, type Durability, openConnection } from "./open.ts";
import { entryOf, listedOf, recordOfRow } from "./rows.ts";
import { countStats, EMPTY_STATS } from "./stats.ts";
import { above, type KeyRange, Transactions } from "./transaction.ts";
import { Waiting } from "./waiting.ts";

/** How often a writer looks whether its file is still there, in ms. */
const IDENTITY_CHECK_MS = 1000;

export interface SqliteOptions {
  /** The database file; it and its folder are made by the first write. */
  readonly path: string;
  readonly durability: Durability;
  /** How long to wait for other processes, in ms. */
  readonly busyTimeout: number;
  /** The clock, in ms since the epoch. */
  readonly now?: () => number;
}

interface Open {
  readonly close: () => void;
  readonly identity: FileIdentity;
  readonly transactions: Transactions;
}

/**
 * A store in one SQLite file, shared by any number of processes on this machine. Answers at once unless another
 * process is writing at this moment. A file that does not exist reads as empty.
 */
export class SqliteBackend implements Backend {
  readonly name = "sqlite";
  readonly durable = true;
  readonly shared = true;
  readonly location: string;
  readonly now: () => number;
  readonly #durability: Durability;
  readonly #waiting: Waiting;
  readonly #commits: CommitWatch;
  #open: Open | undefined;
  #checkedAt = 0;
  #closed = false;

  constructor({ path, durability, busyTimeout, now = Date.now }: SqliteOptions) {
    this.location = path;
    this.now = now;
    this.#durability = durability;
    this.#waiting = new Waiting(path, busyTimeout);
    this.#commits = new CommitWatch(path, () => this.#dataVersion());
  }

  read(refs: readonly Ref[]): Awaitable<(Entry | undefined)[]> {
    return this.#reading(
      (transactions) => {
        const now = this.now();
        const [first] = refs;
        if (first !== undefined && refs.length === 1) return [transactions.entry(first, now)];
        return transactions.snapshot(() => refs.map((ref) => transactions.entry(ref, now)));
      },
      () => refs.map(() => undefined),
    );
  }

  scan(page: {
    space: Space;
    prefix: string;
    after?: string;
    limit: number;
    values: boolean;
  }): Awaitable<ListedEntry[]> {
    const { space, limit, values } = page;
    const { from, to } = rangeOf(page);
    return this.#reading(
      ({ statements }) => {
        const { page, keysPage } = statements.spaces[space];
        const rows = (values ? page : keysPage).all(from, to, this.now(), limit);
        return rows.map((row) => (values ? entryOf(space, row.key, row, this.location) : listedOf(row)));
      },
      () => [],
    );
  }

  update<R>(refs: readonly Ref[], change: Change<R>, by: Writer): Awaitable<R> {
    const updated = this.#writing((transactions) => transactions.update(refs, change, this.now, by));
    return chain(updated, ({ result, sweepDue }) => {
      this.#commits.notice();
      if (sweepDue) this.#sweepNow(by);
      return result;
    });
  }

  deleteRange(
    range: { space: Space; prefix: string; matches: (key: string) => boolean },
    by: Writer,
    guard?: Guard,
  ): Awaitable<number> {
    const keys = { ...rangeOf(range), matches: range.matches };
    return this.#writing((transactions) => transactions.deleteRange(keys, this.now(), by, guard));
  }

  changes({
    after,
    prefix,
    limit,
  }: {
    after: Cursor;
    prefix: string;
    limit: number;
  }): Awaitable<ChangeRecord[]> {
    const { from, to } = rangeOf({ space: "data", prefix });
    // No key is empty: this is the place before all keys of the next revision.
    const [revision, key] = after.key === undefined ? [after.revision + 1, ""] : [after.revision, after.key];
    return this.#reading(
      ({ statements }) =>
        statements.changes.all(revision, key, from, to, limit).map((row) => recordOfRow(row, this.location)),
      () => [],
    );
  }

  history(key: string, page: { before?: number; limit: number }): Awaitable<ChangeRecord[]> {
    const before = page.before ?? Number.MAX_SAFE_INTEGER;
    return this.#reading(
      ({ statements }) =>
        statements.history.all(key, before, page.limit).map((row) => recordOfRow(row, this.location)),
      () => [],
    );
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#commits.wait(signal);
  }

  stats(): Awaitable<BackendStats> {
    return this.#reading<BackendStats>(
      (transactions) => ({
        ...transactions.snapshot(() => countStats(transactions.database, this.now())),
        sizeBytes: fileSize(this.location) + fileSize(`${this.location}-wal`),
        retries: this.#waiting.retries,
      }),
      () => EMPTY_STATS,
    );
  }

  sweep(limit: number, by: Writer): Awaitable<number> {
    return this.#writing((transactions) => transactions.sweep(limit, this.now(), by));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.close();
    this.#waiting.stop(this.#closedError());
    this.#open?.close();
    this.#open = undefined;
  }

  /** Changes when another connection commits; undefined while the file is not open or in use for a moment. */
  #dataVersion(): number | undefined {
    try {
      return this.#connect()?.transactions.statements.dataVersion.get()?.data_version;
    } catch {
      // Whoever waits will find out with his next call.
      return undefined;
    }
  }

  #sweepNow(by: Writer): void {
    try {
      this.#open?.transactions.sweep(SWEEP_BATCH, this.now(), by);
    } catch {
      // The write that found the sweep due has landed, and must not seem to have failed. The next one tries again.
    }
  }

  #reading<R>(read: (transactions: Transactions) => R, absent: () => R): Awaitable<R> {
    const attempt = () => {
      const open = this.#connect();
      return open === undefined ? absent() : read(open.transactions);
    };
    // Not behind waiting writes: readers are in nobody's way.
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw explain(error, this.location);
    }
    return this.#waiting.run(() => this.#explained(attempt));
  }

  #writing<R>(write: (transactions: Transactions) => R): Awaitable<R> {
    return this.#waiting.run(() => this.#explained(() => write(this.#connectToWrite().transactions)));
  }

  #explained<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw isBusy(error) ? error : explain(error, this.location);
    }
  }

  #connectToWrite(): Open {
    let open = this.#connect();
    if (open === undefined) {
      createStore(this.location);
      open = this.#connect();
      if (open === undefined)
        throw new RunnerError("unavailable", `Cannot open "${this.location}": it was deleted.`);
    }
    const now = this.now();
    if (Math.abs(now - this.#checkedAt) >= IDENTITY_CHECK_MS) {
      checkIdentity(this.location, open.identity);
      this.#checkedAt = now;
    }
    return open;
  }

  #connect(): Open | undefined {
    if (this.#open !== undefined) return this.#open;
    if (this.#closed) throw this.#closedError();
    const connection = openConnection(this.location, this.#durability);
    if (connection === undefined) return undefined;
    const transactions = new Transactions(connection.db, this.location);
    const close = () => {
      transactions.statements.finalize();
      connection.db.close();
    };
    this.#open = { close, identity: connection.identity, transactions };
    return this.#open;
  }

  #closedError(): RunnerError {
    return new RunnerError("unavailable", `Cannot use "${this.location}": it has been closed.`);
  }
}

function rangeOf({ space, prefix, after }: { space: Space; prefix: string; after?: string }): KeyRange {
  const from = after !== undefined && compareKeys(after, prefix) >= 0 ? above(after) : prefix;
  // SQLite sorts any bytes above any text.
  return { space, from, to: prefixEnd(prefix) ?? new Uint8Array(0) };
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
