import type { Database, SQLQueryBindings, Statement } from "bun:sqlite";
import type { Space } from "../backend.ts";
import type { Kept } from "../retention.ts";
import { type EntryRow, type HistoryRow, type ListedRow, type PlacedRow, ROW } from "./rows.ts";
import { REVISION } from "./schema.ts";

type Bindings = SQLQueryBindings[];

/** A statement that is prepared when first run: a cold start pays only for those that it needs. */
export class Prepared<Row, Params extends Bindings> {
  #statement: Statement<Row, Params> | undefined;

  constructor(
    private readonly db: Database,
    private readonly sql: string,
  ) {}

  get(...params: Params): Row | null {
    return this.#ready().get(...params);
  }

  all(...params: Params): Row[] {
    return this.#ready().all(...params);
  }

  run(...params: Params): void {
    this.#ready().run(...params);
  }

  /** Until all are finalized, a closed connection keeps the database open and its log beside it. */
  finalize(): void {
    this.#statement?.finalize();
  }

  #ready(): Statement<Row, Params> {
    // The declaration of prepare wraps parameters in a conditional type that is the same for every array.
    this.#statement ??= this.db.prepare(this.sql) as unknown as Statement<Row, Params>;
    return this.#statement;
  }
}

const ROW_WITHOUT_VALUE = ROW.replace("value", "NULL AS value");
/** The columns of a version in the history. */
export const RECORD = "revision, key, kind, type, value, expires_at AS expiresAt, at, writer, checksum";

/** Live entries of the `data` space by the counts that every write keeps; `now` in ms since the epoch. */
export const LIVE = `SELECT coalesce((SELECT sum(entries) FROM type_count), 0)
  - (SELECT count(*) FROM data WHERE expires_at <= ?1) AS live`;

/** The statements on one entry table. */
export class SpaceStatements {
  readonly #all: Prepared<never, never>[] = [];
  readonly read: Prepared<EntryRow, [key: string]>;
  readonly readToWrite: Prepared<PlacedRow, [key: string]>;
  /** key, type, value, revision, created at, updated at, expires at, checksum */
  readonly insert: Prepared<unknown, Bindings>;
  /** rowid, type, value, revision, created at, updated at, expires at, checksum */
  readonly update: Prepared<unknown, Bindings>;
  /** rowid, value, revision, updated at, checksum: of a row whose other columns stay, as do its index of expiries and the counts */
  readonly rewrite: Prepared<unknown, Bindings>;
  readonly remove: Prepared<unknown, [rowid: number]>;
  /** from (inclusive), to (exclusive), now, limit */
  readonly page: Prepared<ListedRow, Bindings>;
  /** As `page`, without values. */
  readonly keysPage: Prepared<ListedRow, Bindings>;
  readonly expired: Prepared<ListedRow, [now: number, limit: number]>;

  constructor(db: Database, table: Space) {
    const prepare = <Row, Params extends Bindings>(sql: string) => {
      const prepared = new Prepared<Row, Params>(db, sql);
      this.#all.push(prepared as never);
      return prepared;
    };
    this.read = prepare(`SELECT ${ROW} FROM ${table} WHERE key = ?1`);
    this.readToWrite = prepare(`SELECT rowid, ${ROW} FROM ${table} WHERE key = ?1`);
    this.insert = prepare(`INSERT INTO ${table} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`);
    this.update = prepare(
      `UPDATE ${table} SET type = ?2, value = ?3, revision = ?4, created_at = ?5, updated_at = ?6,
        expires_at = ?7, checksum = ?8 WHERE rowid = ?1`,
    );
    this.rewrite = prepare(
      `UPDATE ${table} SET value = ?2, revision = ?3, updated_at = ?4, checksum = ?5 WHERE rowid = ?1`,
    );
    this.remove = prepare(`DELETE FROM ${table} WHERE rowid = ?1`);
    const page = `FROM ${table} WHERE key >= ?1 AND key < ?2
      AND (expires_at IS NULL OR expires_at > ?3) ORDER BY key LIMIT ?4`;
    this.page = prepare(`SELECT rowid, key, ${ROW} ${page}`);
    this.keysPage = prepare(`SELECT rowid, key, ${ROW_WITHOUT_VALUE} ${page}`);
    this.expired = prepare(
      `SELECT rowid, key, ${ROW_WITHOUT_VALUE} FROM ${table} WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2`,
    );
  }

  finalize(): void {
    for (const statement of this.#all) statement.finalize();
  }
}

/** The statements on each entry table, made when one of them is first used: most commands need one table. */
class Spaces implements Readonly<Record<Space, SpaceStatements>> {
  readonly #made: Partial<Record<Space, SpaceStatements>> = {};

  constructor(private readonly db: Database) {}

  get data(): SpaceStatements {
    return this.#of("data");
  }

  get lock(): SpaceStatements {
    return this.#of("lock");
  }

  get run(): SpaceStatements {
    return this.#of("run");
  }

  get once(): SpaceStatements {
    return this.#of("once");
  }

  finalize(): void {
    for (const statements of Object.values(this.#made)) statements.finalize();
  }

  #of(space: Space): SpaceStatements {
    this.#made[space] ??= new SpaceStatements(this.db, space);
    return this.#made[space];
  }
}

/** All statements of one connection. */
export class Statements {
  readonly begin: Prepared<unknown, []>;
  readonly commit: Prepared<unknown, []>;
  readonly rollback: Prepared<unknown, []>;
  readonly store: Prepared<{ revision: number; sweptAt: number }, []>;
  readonly live: Prepared<{ live: number }, [now: number]>;
  readonly dataVersion: Prepared<{ data_version: number }, []>;
  readonly setRevision: Prepared<unknown, [revision: number]>;
  readonly setSwept: Prepared<unknown, [sweptAt: number]>;
  /** revision, key, kind, type, value, expires at, at, writer, checksum */
  readonly record: Prepared<unknown, Bindings>;
  /** revision and key (both exclusive), from (inclusive), to (exclusive), limit */
  readonly changes: Prepared<HistoryRow, Bindings>;
  /** key, revision (exclusive), limit */
  readonly history: Prepared<HistoryRow, [key: string, before: number, limit: number]>;
  readonly compacted: Prepared<{ compacted: number }, []>;
  readonly setCompacted: Prepared<unknown, [revision: number]>;
  readonly purge: Prepared<unknown, [key: string]>;
  readonly oldestOf: Prepared<{ at: number }, [key: string]>;
  readonly newestOf: Prepared<Kept & { revision: number }, [key: string, limit: number]>;
  /** key, revision (inclusive), at (inclusive), limit */
  readonly dropVersions: Prepared<{ revision: number }, Bindings>;
  readonly oldest: Prepared<{ revision: number; key: string; at: number }, [limit: number]>;
  readonly drop: Prepared<unknown, [revision: number, key: string]>;
  readonly newestKind: Prepared<Pick<HistoryRow, "kind" | "revision">, [key: string]>;
  readonly keyFrom: Prepared<{ key: string }, [revision: number]>;
  readonly sizes: Prepared<{ page: number; cache: number }, []>;
  readonly logEnd: Prepared<{ log: number }, []>;
  readonly fillLog: Prepared<unknown, [bytes: number]>;
  readonly spaces: Spaces;

  constructor(db: Database) {
    this.begin = new Prepared(db, "BEGIN IMMEDIATE");
    this.commit = new Prepared(db, "COMMIT");
    this.rollback = new Prepared(db, "ROLLBACK");
    this.store = new Prepared(db, `SELECT ${REVISION} AS revision, swept_at AS sweptAt FROM store`);
    this.live = new Prepared(db, LIVE);
    this.dataVersion = new Prepared(db, "PRAGMA data_version");
    this.setRevision = new Prepared(db, "UPDATE store SET revision = ?1");
    this.setSwept = new Prepared(db, "UPDATE store SET swept_at = ?1");
    this.record = new Prepared(db, "INSERT INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    this.changes = new Prepared(
      db,
      `SELECT ${RECORD} FROM history WHERE (revision, key) > (?1, ?2) AND +key >= ?3 AND +key < ?4
        ORDER BY revision, key LIMIT ?5`,
    );
    this.history = new Prepared(
      db,
      `SELECT ${RECORD} FROM history WHERE key = ?1 AND revision < ?2 ORDER BY revision DESC LIMIT ?3`,
    );
    this.compacted = new Prepared(db, "SELECT compacted FROM store");
    this.setCompacted = new Prepared(db, "UPDATE store SET compacted = max(compacted, ?1)");
    this.purge = new Prepared(db, "DELETE FROM history WHERE key = ?1");
    this.oldestOf = new Prepared(db, "SELECT at FROM history WHERE key = ?1 ORDER BY revision LIMIT 1");
    this.newestOf = new Prepared(
      db,
      `SELECT revision, at, coalesce(octet_length(value), 0) AS bytes FROM history WHERE key = ?1
        ORDER BY revision DESC LIMIT ?2`,
    );
    this.dropVersions = new Prepared(
      db,
      `DELETE FROM history WHERE key = ?1 AND revision IN (SELECT revision FROM history WHERE key = ?1
        AND revision <= ?2 AND at <= ?3 ORDER BY revision LIMIT ?4) RETURNING revision`,
    );
    this.oldest = new Prepared(db, "SELECT revision, key, at FROM history ORDER BY revision, key LIMIT ?1");
    this.drop = new Prepared(db, "DELETE FROM history WHERE revision = ?1 AND key = ?2");
    this.newestKind = new Prepared(
      db,
      "SELECT kind, revision FROM history WHERE key = ?1 ORDER BY revision DESC LIMIT 1",
    );
    this.keyFrom = new Prepared(
      db,
      "SELECT key FROM history WHERE revision >= ?1 ORDER BY revision, key LIMIT 1",
    );
    this.sizes = new Prepared(
      db,
      "SELECT page_size AS page, cache_size AS cache FROM pragma_page_size, pragma_cache_size",
    );
    this.logEnd = new Prepared(db, "PRAGMA wal_checkpoint(NOOP)");
    this.fillLog = new Prepared(db, "INSERT INTO once VALUES ('', 'bytes', zeroblob(?1), 0, 0, 0, NULL, 0)");
    this.spaces = new Spaces(db);
  }

  finalize(): void {
    for (const statement of Object.values(this)) statement.finalize();
  }
}
