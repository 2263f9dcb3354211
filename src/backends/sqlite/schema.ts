import type { Database } from "bun:sqlite";
import { failpoint } from "../../lib/failpoint.ts";
import { SPACES } from "../backend.ts";

/** SQLite's `application_id` of our files: "runr" in ASCII. */
export const APPLICATION_ID = 0x72756e72;

/** One step of the schema; the first leads from an empty file to version 1. */
export type Migration = readonly string[];

// Rowid tables: a WITHOUT ROWID tree keeps whole values inside, which makes every search of large ones slower.
const entryTable = (name: string) => `
  CREATE TABLE ${name} (
    key TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    value ANY NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    checksum INTEGER NOT NULL
  ) STRICT`;

const expiryIndex = (name: string) =>
  `CREATE INDEX ${name}_expiry ON ${name} (expires_at, type) WHERE expires_at IS NOT NULL`;

/** Times are milliseconds since the epoch. */
const VERSION_1: Migration = [
  ...SPACES.flatMap((space) => [entryTable(space), expiryIndex(space)]),
  `CREATE TABLE history (
    revision INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    type TEXT,
    value ANY,
    expires_at INTEGER,
    at INTEGER NOT NULL,
    writer TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (revision, key)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX history_by_key ON history (key, revision)",
  `CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    swept_at INTEGER NOT NULL,
    compacted INTEGER NOT NULL
  ) STRICT`,
  "INSERT INTO store VALUES (1, 0, 0, 0)",
  `CREATE TRIGGER history_removed BEFORE DELETE ON history WHEN old.revision > (SELECT revision FROM store) BEGIN
    UPDATE store SET revision = old.revision;
  END`,
  // Counting a million entries takes milliseconds; these make it a lookup.
  "CREATE TABLE type_count (type TEXT NOT NULL PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  `CREATE TRIGGER data_added AFTER INSERT ON data BEGIN
    INSERT INTO type_count VALUES (new.type, 1) ON CONFLICT DO UPDATE SET entries = entries + 1;
  END`,
  `CREATE TRIGGER data_removed AFTER DELETE ON data BEGIN
    UPDATE type_count SET entries = entries - 1 WHERE type = old.type;
  END`,
  `CREATE TRIGGER data_retyped AFTER UPDATE OF type ON data WHEN old.type <> new.type BEGIN
    UPDATE type_count SET entries = entries - 1 WHERE type = old.type;
    INSERT INTO type_count VALUES (new.type, 1) ON CONFLICT DO UPDATE SET entries = entries + 1;
  END`,
];

/**
 * The revision of the newest commit. Commits with history count in it alone, others in `store`: each page more that
 * a commit changes makes it a fifth slower. What leaves the history is remembered in `store`.
 */
export const REVISION = "max(revision, coalesce((SELECT max(revision) FROM history), 0))";

/** Every step since the first release; `user_version` counts those that a file has had. */
export const MIGRATIONS: readonly Migration[] = [VERSION_1];

/**
 * Brings a database to the newest version in one transaction, so that a crash leaves the old one. Another
 * process that does the same at this moment is waited for or noticed. Raises what SQLite raises.
 */
export function migrate(db: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  if (schemaVersion(db) >= migrations.length) return;
  db.run("BEGIN IMMEDIATE");
  try {
    for (const step of migrations.slice(schemaVersion(db))) for (const statement of step) db.run(statement);
    db.run(`PRAGMA user_version = ${migrations.length}`);
    failpoint("schema.migrated");
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

/** The number of migrations that a database has had. */
export function schemaVersion(db: Database): number {
  const row = db.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}
