import type { Database } from "bun:sqlite";
import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import type {
  Backend,
  BackendStats,
  Change,
  ChangeRecord,
  Cursor,
  Entry,
  Guard,
  ListedEntry,
  Loaded,
  LoadItem,
  LoadOptions,
  Page,
  Ref,
  Space,
  Writer,
} from "../backend.ts";
import { checkKept, KEEP_ALL } from "../retention.ts";
import { backupInto, compactStore } from "./backup.ts";
import { CommitWatch } from "./commit-watch.ts";
import { createStore } from "./create.ts";
import { explain, isBusy } from "./errors.ts";
import { load } from "./load.ts";
import { checkNamed, openConnection, regularCheck } from "./open.ts";
import type { SqliteOptions } from "./options.ts";
import { rangeOf } from "./range.ts";
import { entryOf, recordOfRow } from "./rows.ts";
import { checkWhole, snapshot } from "./snapshot.ts";
import { countStats, EMPTY_STATS, measureFiles } from "./stats.ts";
import { trySweep } from "./sweep.ts";
import { Transactions, type Updated } from "./transaction.ts";
import { Waiting } from "./waiting.ts";
import { prepareToWrite } from "./writing.ts";

export type { SqliteOptions };

interface Open {
  readonly close: () => void;
  readonly db: Database;
  /** Raises when the file is not the one of this name any more. */
  readonly checkNow: (now: number) => void;
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
  readonly #settings: Required<Pick<SqliteOptions, "durability" | "again" | "retention">>;
  readonly #waiting: Waiting;
  readonly #commits: CommitWatch;
  #open: Open | undefined;
  /** To be called after each commit; there once the connection is set up for writing, which readers need not wait for. */
  #committed: (() => void) | undefined;
  /** Why it cannot be used any more. */
  #ended: RunnerError | undefined;

  constructor(options: SqliteOptions) {
    const { path, durability, busyTimeout, now = Date.now, again = false } = options;
    this.location = path;
    this.now = now;
    this.#settings = { durability, again, retention: options.retention ?? KEEP_ALL };
    this.#waiting = new Waiting(path, busyTimeout);
    this.#commits = new CommitWatch(path, () => this.#dataVersion());
  }

  read(refs: readonly Ref[]): Awaitable<(Entry | undefined)[]> {
    return this.#reading(
      (transactions, now) => {
        const [first] = refs;
        if (first !== undefined && refs.length === 1) return [transactions.entry(first, now)];
        return transactions.snapshot(() => transactions.entries(refs, now));
      },
      () => refs.map(() => undefined),
    );
  }

  scan(page: Page & { values: boolean }): Awaitable<ListedEntry[]> {
    const { space, limit, values } = page;
    const { from, to } = rangeOf(page);
    return this.#reading<ListedEntry[]>(
      (transactions, now) => {
        if (!values) return transactions.keys(page, now);
        const rows = transactions.statements.spaces[space].page.all(from, to, now, limit);
        return rows.map((row) => entryOf(space, row.key, row, this.location));
      },
      () => [],
    );
  }

  update<R>(refs: readonly Ref[], change: Change<R>, by: Writer, pages?: readonly Page[]): Awaitable<R> {
    const updated = this.#writing(
      (transactions) => transactions.update(refs, change, this.now, { by, pages }),
      ({ wrote }) => wrote,
    );
    return chain(updated, (done) => this.#updated(done, by));
  }

  updateNow<R>(refs: readonly Ref[], change: Change<R>, by: Writer): R {
    const write = () => this.#connectToWrite().transactions.update(refs, change, this.now, { by });
    const updated = this.#waiting.runNow(() => this.#explained(write));
    if (updated.wrote) this.#commits.notice();
    return this.#updated(updated, by);
  }

  deleteRange(
    range: { space: Space; prefix: string; matches: (key: string) => boolean },
    by: Writer,
    guard?: Guard,
  ): Awaitable<number> {
    const keys = { ...rangeOf(range), matches: range.matches };
    return this.#writing((transactions) => transactions.deleteRange(keys, this.now(), by, guard));
  }

  changes(page: { after: Cursor; prefix: string; limit: number }): Awaitable<ChangeRecord[]> {
    const { after, prefix, limit } = page;
    const { from, to } = rangeOf({ space: "data", prefix });
    // No key is empty: this is the place before all keys of the next revision.
    const [revision, key] = after.key === undefined ? [after.revision + 1, ""] : [after.revision, after.key];
    return this.#reading(
      ({ statements }) => {
        const rows = statements.changes.all(revision, key, from, to, limit);
        // After the rows: what was dropped in between is then noticed, never overlooked.
        checkKept(after, statements.compacted.get()?.compacted ?? 0);
        return rows.map((row) => recordOfRow(row, this.location));
      },
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

  revision(): Awaitable<number> {
    return this.#reading((transactions) => transactions.store().revision, ZERO);
  }

  compacted(): Awaitable<number> {
    return this.#reading(({ statements }) => statements.compacted.get()?.compacted ?? 0, ZERO);
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#commits.wait(signal);
  }

  snapshot(range: { space: Space; prefix: string }): Iterable<readonly Entry[]> {
    return snapshot(this.location, range, this.now());
  }

  checkListed(found: number): Awaitable<void> {
    const live = this.#reading((transactions, now) => transactions.countLive(now), ZERO);
    return chain(live, (counted) => (counted === found ? undefined : checkWhole(this.location, this.now())));
  }

  load(items: () => Iterable<LoadItem>, options: LoadOptions, by: Writer): Awaitable<Loaded> {
    return this.#writing(
      (transactions) => load(transactions, items(), options, { now: this.now(), by }),
      ({ written, removed }) => written + removed > 0,
    );
  }

  backup(file: string): void {
    backupInto(this.location, file);
  }

  compact(): Awaitable<void> {
    return this.#writing((transactions) => compactStore(transactions, this.now()));
  }

  stats(): Awaitable<BackendStats> {
    return this.#reading<BackendStats>(
      (transactions, now) => ({
        ...transactions.snapshot(() => countStats(transactions.database, now)),
        ...measureFiles(this.location),
        retries: this.#waiting.retries,
      }),
      () => EMPTY_STATS,
    );
  }

  sweep(limit: number, by: Writer): Awaitable<number> {
    return this.#writing((transactions) => transactions.sweep(limit, this.now(), by));
  }

  close(): void {
    this.#end(new RunnerError("unavailable", `Cannot use "${this.location}": it has been closed.`));
    this.#commits.close();
  }

  /** Changes when another connection commits; undefined while the file is not open or in use for a moment. */
  #dataVersion(): number | undefined {
    try {
      const open = this.#connect();
      if (open !== undefined) checkNamed(open.db, this.location);
      return open?.transactions.statements.dataVersion.get()?.data_version;
    } catch (error) {
      // Whoever waits will find out with his next call: in a file that is gone, nothing would ever happen.
      if (this.#open !== undefined && error instanceof RunnerError) this.#end(error);
      return undefined;
    }
  }

  #updated<R>({ result, wrote, sweepDue }: Updated<R>, by: Writer): R {
    if (wrote) this.#committed?.();
    if (sweepDue && this.#open !== undefined) trySweep(this.#open.transactions, this.now(), by);
    return result;
  }

  #reading<R>(read: (transactions: Transactions, now: number) => R, absent: () => R): Awaitable<R> {
    const attempt = () => {
      const open = this.#connect();
      if (open === undefined) return absent();
      const now = this.now();
      open.checkNow(now);
      return read(open.transactions, now);
    };
    // Not behind waiting writes: readers are in nobody's way.
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw explain(error, this.location);
    }
    return this.#waiting.run(() => this.#explained(attempt));
  }

  /** Tells those who wait in this process of the commit, if `wrote` says that there was one. */
  #writing<R>(
    write: (transactions: Transactions) => R,
    wrote: (result: R) => boolean = Boolean,
  ): Awaitable<R> {
    const done = this.#waiting.run(() => this.#explained(() => write(this.#connectToWrite().transactions)));
    return chain(done, (result) => {
      if (wrote(result)) this.#commits.notice();
      return result;
    });
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
    open.checkNow(this.now());
    const { statements } = open.transactions;
    this.#committed ??= prepareToWrite(open.db, statements, this.location, this.#settings.durability);
    return open;
  }

  #connect(): Open | undefined {
    if (this.#open !== undefined) return this.#open;
    if (this.#ended !== undefined) throw this.#ended;
    const db = openConnection(this.location, this.#settings);
    if (db === undefined) return undefined;
    const transactions = new Transactions(db, this.location, this.#settings.retention);
    const close = () => {
      transactions.statements.finalize();
      db.close();
    };
    this.#open = { close, db, checkNow: regularCheck(db, this.location), transactions };
    return this.#open;
  }

  #end(why: RunnerError): void {
    this.#ended ??= why;
    this.#waiting.stop(this.#ended);
    this.#committed = undefined;
    this.#open?.close();
    this.#open = undefined;
  }
}

const ZERO = () => 0;
