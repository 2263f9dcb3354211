import type { Database } from "bun:sqlite";
import { node } from "../../lib/node.ts";
import { isBusy } from "./errors.ts";
import type { Statements } from "./statements.ts";

/** How many commits go by from one look at the log to the next. */
const LOOK_EVERY = 16;
/** Bytes that are made ready at most, and those of which the log is short with less. */
const MOST = 512 * 1024;
const SHORT = 128 * 1024;
/** Pages in memory while room is made: what is more goes into the log before the transaction ends. */
const TINY_CACHE = 10;
// https://sqlite.org/fileformat.html#the_write_ahead_log
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/**
 * Makes room at the end of the log, ahead of a process that commits again and again: a durable commit that has to make
 * the file longer takes half as long again. What makes it is a transaction that is rolled back: SQLite lets it write into
 * the log, takes it back, and has the next commits write over it. There is never more than 512 KiB of it, nor more than the log
 * has by then, so that a process with few commits leaves none.
 */
export class LogRoom {
  #commits = 0;
  #isOver = false;
  #sizes: { readonly page: number; readonly cache: number } | undefined;

  /** `most` pages of the log, from which on it begins anew. */
  constructor(
    private readonly db: Database,
    private readonly statements: Statements,
    private readonly path: string,
    private readonly most: number,
  ) {}

  /** A transaction of this connection was committed. Never raises: without room, a commit takes its time. */
  committed(): void {
    if (++this.#commits % LOOK_EVERY !== 0 || this.#isOver) return;
    try {
      const bytes = this.#missing();
      if (bytes > 0) this.#make(bytes);
    } catch (error) {
      // On a full disk, the commits themselves may still find what they need.
      this.#isOver = !isBusy(error);
    }
  }

  /** How many bytes of room should be made. */
  #missing(): number {
    const frame = this.#known().page + FRAME_HEADER_BYTES;
    const used = LOG_HEADER_BYTES + (this.statements.logEnd.get()?.log ?? 0) * frame;
    const size = node.fs.statSync(`${this.path}-wal`).size;
    const bytes = Math.min(used, MOST);
    return size - used >= SHORT || used + bytes > this.most * frame ? 0 : bytes;
  }

  #make(bytes: number): void {
    const { begin, fillLog, rollback } = this.statements;
    const { cache } = this.#known();
    begin.run();
    try {
      this.db.run(`PRAGMA cache_size = ${TINY_CACHE}`);
      fillLog.run(bytes);
    } finally {
      // A full disk has rolled it back already.
      if (this.db.inTransaction) rollback.run();
      this.db.run(`PRAGMA cache_size = ${cache}`);
    }
  }

  #known(): { readonly page: number; readonly cache: number } {
    const known = this.#sizes ?? this.statements.sizes.get();
    if (known === null) throw new Error("SQLite tells no size of its pages");
    this.#sizes = known;
    return known;
  }
}
