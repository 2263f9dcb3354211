import { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { explain, isBusy, refusal } from "./errors.ts";
import { errorCode, explainFileError, type FileIdentity, inspect } from "./inspect.ts";
import { MIGRATIONS, migrate, schemaVersion } from "./schema.ts";

/** `full`: what was acknowledged survives power loss. `normal`: it survives a crash of the process. */
export type Durability = "full" | "normal";

export interface Connection {
  readonly db: Database;
  readonly identity: FileIdentity;
}

// Before this, a WAL reset could lose what another connection had written (sqlite.org/wal.html).
const OLDEST_SQLITE = [3, 51, 3];

/**
 * Opens a store that exists; undefined when there is none. Raises a fault for a file that is not a usable store,
 * without having written to it, and SQLite's own error when another process is in the way for a moment.
 */
export function openConnection(path: string, durability: Durability): Connection | undefined {
  const identity = inspect(path);
  if (identity === undefined) return undefined;
  let db: Database | undefined;
  try {
    db = new Database(path, { readwrite: true, create: false });
    checkLibrary(db, path);
    checkVersion(db, path);
    db.run(`PRAGMA synchronous = ${durability}`);
    migrate(db);
    return { db, identity };
  } catch (error) {
    db?.close();
    throw isBusy(error) ? error : explain(error, path);
  }
}

/** Raises when the path no longer names the file that was opened. */
export function checkIdentity(path: string, opened: FileIdentity): void {
  let status: { dev: number; ino: number } | undefined;
  try {
    status = statSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw explainFileError(error, path);
  }
  if (status?.dev === opened.device && status.ino === opened.inode) return;
  const what = status === undefined ? "deleted" : "replaced";
  throw refusal(
    "unavailable",
    path,
    `the file was ${what} while this process had it open, so that what it writes would be lost. Start it again.`,
  );
}

function checkLibrary(db: Database, path: string): void {
  const version =
    db.query<{ version: string }, []>("SELECT sqlite_version() AS version").get()?.version ?? "0";
  const parts = version.split(".").map(Number);
  for (const [place, least] of OLDEST_SQLITE.entries()) {
    const part = parts[place] ?? 0;
    if (part > least) return;
    if (part < least) {
      const why = `this system's SQLite ${version} has a known fault that loses data. Use ${OLDEST_SQLITE.join(".")} or later.`;
      throw refusal("unavailable", path, why);
    }
  }
}

function checkVersion(db: Database, path: string): void {
  const version = schemaVersion(db);
  if (version <= MIGRATIONS.length) return;
  const why = `it was written by a newer runner (schema ${version}, this one knows ${MIGRATIONS.length}). Upgrade runner.`;
  throw refusal("unavailable", path, why);
}
