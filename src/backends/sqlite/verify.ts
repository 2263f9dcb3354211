import { Database, SQLiteError } from "bun:sqlite";
import { letSignalsIn } from "../../lib/ending.ts";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { type ChangeRecord, SPACES, type Space } from "../backend.ts";
import { checksum } from "./checksum.ts";
import { explain } from "./errors.ts";
import { inspect } from "./inspect.ts";
import { type HistoryRow, type ListedRow, ROW } from "./rows.ts";
import { APPLICATION_ID, MIGRATIONS, REVISION, schemaVersion } from "./schema.ts";
import { RECORD } from "./statements.ts";

/** Something that is not as it was written. */
export interface Finding {
  /** What is affected, as people name it: `key "deploy:version"`, `the file`. */
  readonly where: string;
  readonly what: string;
}

/** A finding in one line. */
export function describeFinding({ where, what }: Finding): string {
  return where === THE_FILE ? what : `${where}: ${what}`;
}

/** What a check of a whole store came to. */
export interface Verification {
  /** Entries of all spaces whose value can be trusted. */
  readonly entries: number;
  /** Versions in the history that can be trusted. */
  readonly records: number;
  readonly findings: readonly Finding[];
}

/** What a finding is about that belongs to no key. */
export const THE_FILE = "the file";
/** Messages that SQLite gives at most. */
const MOST = 100;
/** Rows that are checked before others get a turn, such as the signal that ends this. */
const STEP = 10_000;
/**
 * Checks every page, entry and version of a store's file, and writes nothing. Raises what opening raises where there
 * is no store, `damaged` for a file that is none any more.
 */
export async function verifyFile(path: string, progress?: (rows: number) => void): Promise<Verification> {
  if (inspect(path) === "absent") {
    throw new RunnerError("not_found", `Cannot check "${path}": there is no such file.`);
  }
  let db: Database | undefined;
  try {
    db = new Database(path, { readwrite: true, create: false });
    const version = schemaVersion(db);
    if (version > MIGRATIONS.length) throw newer(path, version);
    const check = new Check(db);
    for (const rows of check.steps()) {
      progress?.(rows);
      await letSignalsIn();
    }
    return check.result;
  } catch (error) {
    if (error instanceof RunnerError) throw error;
    const told = explain(error, path);
    if (told instanceof RunnerError && told.code === "unavailable") throw told;
    const what = describeCut(path) ?? `it cannot be read (${error instanceof Error ? error.message : error})`;
    return { entries: 0, records: 0, findings: [{ where: THE_FILE, what }] };
  } finally {
    db?.close();
  }
}

/** Checks the structure of a store's file alone, in a fraction of the time; the first fault, undefined when there is none. */
export function findFault(path: string): string | undefined {
  let db: Database | undefined;
  try {
    db = new Database(path, { readwrite: true, create: false });
    const row = db.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
    return row?.quick_check === "ok" ? undefined : (row?.quick_check ?? "it is empty");
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    return error.message;
  } finally {
    db?.close();
  }
}

/** That a file is shorter than its own header says, in words; undefined when it is not. */
function describeCut(path: string): string | undefined {
  // https://sqlite.org/fileformat.html#the_database_header: the page size at 16, 1 for 65,536; pages at 28.
  const header = Buffer.alloc(32);
  const handle = node.fs.openSync(path, "r");
  try {
    node.fs.readSync(handle, header, 0, header.length, 0);
    const pageSize = header.readUInt16BE(16);
    const whole = (pageSize === 1 ? 65_536 : pageSize) * header.readUInt32BE(28);
    const { size } = node.fs.fstatSync(handle);
    if (size >= whole) return undefined;
    return `it is cut off (${size.toLocaleString("en")} of ${whole.toLocaleString("en")} bytes are there)`;
  } finally {
    node.fs.closeSync(handle);
  }
}

class Check {
  readonly #findings: Finding[] = [];
  #entries = 0;
  #records = 0;

  constructor(private readonly db: Database) {}

  get result(): Verification {
    return { entries: this.#entries, records: this.#records, findings: this.#findings };
  }

  /** Checks everything, a bounded part of it at each step; gives how many rows were looked at. */
  *steps(): Generator<number> {
    this.db.run("BEGIN");
    this.#try(THE_FILE, () => this.#checkPages());
    const application = this.#try(THE_FILE, () =>
      this.db.query<{ application_id: number }, []>("PRAGMA application_id").get(),
    );
    if (application !== undefined && application?.application_id !== APPLICATION_ID) {
      this.#find(THE_FILE, "its header does not say that it is a store of runner");
    }
    for (const space of SPACES) yield* this.#trySteps(`the table ${space}`, this.#checkEntries(space));
    yield* this.#trySteps("the history", this.#checkHistory());
    this.#try("the counts", () => this.#checkCounts());
    this.#try("the revisions", () => this.#checkRevisions());
    this.#try("the history", () => this.#compareWithHistory());
  }

  #checkPages(): void {
    const rows = this.db.query<{ integrity_check: string }, []>(`PRAGMA integrity_check(${MOST})`).all();
    for (const { integrity_check: message } of rows) {
      if (message !== "ok") this.#find(THE_FILE, message.replace(/\s+/g, " "));
    }
  }

  *#checkEntries(space: Space): Generator<number> {
    const rows = this.db.prepare<ListedRow, []>(`SELECT rowid, key, ${ROW} FROM ${space}`);
    let seen = 0;
    for (const row of iterate(rows)) {
      if (++seen % STEP === 0) yield STEP;
      if (isWhole(() => checksum(space, row.key, row) === row.checksum)) this.#entries++;
      else this.#find(nameOf(space, row.key), "what is stored there is not what was written");
    }
    yield seen % STEP;
  }

  *#checkHistory(): Generator<number> {
    const rows = this.db.prepare<HistoryRow, []>(`SELECT ${RECORD} FROM history`);
    let seen = 0;
    for (const row of iterate(rows)) {
      if (++seen % STEP === 0) yield STEP;
      if (isWhole(() => checksum(row.kind as ChangeRecord["kind"], row.key, row) === row.checksum))
        this.#records++;
      else
        this.#find(
          `revision ${row.revision} of ${JSON.stringify(row.key)}`,
          "what is stored there is not what was written",
        );
    }
    yield seen % STEP;
  }

  #checkCounts(): void {
    const rows = this.db
      .query<{ type: string; counted: number | null; entries: number | null }, []>(
        `SELECT type, counted, entries FROM (SELECT type, count(*) AS counted FROM data GROUP BY type)
          FULL JOIN type_count USING (type) WHERE coalesce(counted, 0) <> coalesce(entries, 0)`,
      )
      .all();
    for (const { type, counted, entries } of rows) {
      this.#find(
        "the counts",
        `there are ${counted ?? 0} keys of type ${type}, but ${entries ?? 0} were counted`,
      );
    }
  }

  #checkRevisions(): void {
    const store = this.db.query<{ revision: number }, []>(`SELECT ${REVISION} AS revision FROM store`).get();
    if (store === null) this.#find("the revisions", "the counter is missing");
    for (const space of SPACES) {
      const newest = this.db
        .query<{ revision: number | null }, []>(`SELECT max(revision) AS revision FROM ${space}`)
        .get();
      const revision = newest?.revision ?? 0;
      if (store !== null && revision > store.revision) {
        this.#find(
          "the revisions",
          `the counter stands at ${store.revision}, but an entry has revision ${revision}`,
        );
      }
    }
  }

  /** Entries against the newest version of their key, where the history has one. */
  #compareWithHistory(): void {
    const rows = this.db
      .query<{ key: string; newest: number; kind: string; revision: number | null }, []>(
        `SELECT h.key AS key, h.newest AS newest, h.kind AS kind, data.revision AS revision FROM
          (SELECT key, max(revision) AS newest, kind FROM history GROUP BY key) AS h
          LEFT JOIN data ON data.key = h.key
          WHERE CASE h.kind WHEN 'put' THEN data.revision IS NOT h.newest ELSE data.revision IS NOT NULL END LIMIT ${MOST}`,
      )
      .all();
    for (const { key, newest, kind, revision } of rows) {
      const where = nameOf("data", key);
      if (kind === "put" && revision === null)
        this.#find(where, `it is missing; revision ${newest} wrote it`);
      else if (revision !== null && revision < newest)
        this.#find(where, `it is as of revision ${revision}, but was changed by ${newest}`);
      else this.#find(where, `revision ${revision}, which wrote it, is missing in the history`);
    }
  }

  #find(where: string, what: string): void {
    this.#findings.push({ where, what });
  }

  /** What cannot be read to its end is a finding; the rest is checked all the same. */
  #try<R>(where: string, check: () => R): R | undefined {
    try {
      return check();
    } catch (error) {
      this.#findUnreadable(where, error);
      return undefined;
    }
  }

  *#trySteps(where: string, steps: Generator<number>): Generator<number> {
    try {
      yield* steps;
    } catch (error) {
      this.#findUnreadable(where, error);
    }
  }

  #findUnreadable(where: string, error: unknown): void {
    if (!(error instanceof Error)) throw error;
    this.#find(where, `it cannot be read to its end (${error.message})`);
  }
}

function* iterate<Row>(statement: { iterate(): Iterable<Row>; finalize(): void }): Generator<Row> {
  try {
    yield* statement.iterate();
  } finally {
    statement.finalize();
  }
}

/** Whether a check holds; a row whose parts are of wrong kinds cannot even be checked. */
function isWhole(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function nameOf(space: Space, key: string): string {
  return space === "data" ? `key ${JSON.stringify(key)}` : `${space} ${JSON.stringify(key)}`;
}

function newer(path: string, version: number): RunnerError {
  return new RunnerError(
    "unavailable",
    `Cannot check "${path}": a newer runner wrote it (schema ${version}, this one knows ${MIGRATIONS.length}). Upgrade runner.`,
  );
}
