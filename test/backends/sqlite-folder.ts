import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteBackend, type SqliteOptions } from "../../src/backends/sqlite/backend.ts";
import { WRITER } from "../../src/contract/subject.ts";
import { Store } from "../../src/state/store.ts";

/** A folder for one test with one database in it, which is checked when the test is over. */
export class SqliteFolder implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "runner-sqlite-"));
  readonly path = join(this.folder, "state", "local.db");
  readonly #opened: SqliteBackend[] = [];

  /** `check`: whether the database has to be whole at the end. */
  constructor(private readonly check: "whole" | "damaged" = "whole") {}

  open(options: Partial<SqliteOptions> = {}): SqliteBackend {
    // The process does not outlive the power in a test: the fast setting checks the same.
    const backend = new SqliteBackend({
      path: this.path,
      durability: "normal",
      busyTimeout: 30_000,
      ...options,
    });
    this.#opened.push(backend);
    return backend;
  }

  openStore(options: Partial<SqliteOptions> = {}): Store {
    return new Store(this.open(options), { writer: WRITER });
  }

  /** A connection of nobody's, to look at the file or to harm it. */
  raw(): Database {
    return new Database(this.path, { readwrite: true, create: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const backend of this.#opened) backend.close();
    if (this.check === "whole" && existsSync(this.path)) checkIntegrity(this.path);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Fails the test unless the database is whole and its counters say what is in it. */
export function checkIntegrity(path: string): void {
  using db = new Database(path, { readwrite: true, create: false });
  expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
  const counted = db.query("SELECT type, entries FROM type_count WHERE entries <> 0 ORDER BY type").values();
  expect(counted).toEqual(db.query("SELECT type, count(*) FROM data GROUP BY type ORDER BY type").values());
}
