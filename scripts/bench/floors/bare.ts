import { Database } from "bun:sqlite";

/** Bare prepared statements over a schema that keeps what runner keeps: entries, and every version of them. */
export interface BareStore {
  get(key: string): { value: unknown } | null;
  /** One immediate transaction: one read, one upsert, and one insert into the history if it is kept. */
  update(key: string, change: (value: unknown) => string | number): void;
}

/** Opens or creates the file. `history: false` leaves the third statement out. */
export function openBare(path: string, synchronous: "FULL" | "NORMAL", history: boolean): BareStore {
  const db = new Database(path);
  db.run("PRAGMA busy_timeout = 30000");
  db.run("PRAGMA journal_mode = WAL");
  db.run(`PRAGMA synchronous = ${synchronous}`);
  db.run(`CREATE TABLE IF NOT EXISTS data (key TEXT PRIMARY KEY, type TEXT NOT NULL, value ANY NOT NULL,
    revision INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, expires_at INTEGER) STRICT`);
  db.run(`CREATE TABLE IF NOT EXISTS history (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL,
    type TEXT, value ANY, expires_at INTEGER, at INTEGER NOT NULL, writer TEXT NOT NULL) STRICT`);
  db.run("CREATE INDEX IF NOT EXISTS history_of_key ON history (key, revision)");

  const writer = JSON.stringify({ host: "bench", user: "bench", pid: process.pid });
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const selectValue = db.prepare<{ value: unknown }, [string]>("SELECT value FROM data WHERE key = ?");
  const select = db.prepare<{ value: unknown; revision: number }, [string]>(
    "SELECT value, revision FROM data WHERE key = ?",
  );
  const record = db.prepare<unknown, [string, string, string | number, number, string]>(
    "INSERT INTO history (key, kind, type, value, at, writer) VALUES (?, 'put', ?, ?, ?, ?)",
  );
  const upsert = db.prepare<unknown, [string, string, string | number, number, number, number]>(
    `INSERT INTO data (key, type, value, revision, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET type = excluded.type, value = excluded.value,
       revision = excluded.revision, updated_at = excluded.updated_at`,
  );

  return {
    get: (key) => selectValue.get(key),
    update(key, change) {
      begin.run();
      const entry = select.get(key);
      const value = change(entry?.value);
      const type = typeof value;
      const now = Date.now();
      const revision = history
        ? Number(record.run(key, type, value, now, writer).lastInsertRowid)
        : (entry?.revision ?? 0) + 1;
      upsert.run(key, type, value, revision, now, now);
      commit.run();
    },
  };
}
