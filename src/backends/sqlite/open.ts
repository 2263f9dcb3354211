import { Database } from "bun:sqlite";
import { node } from "../../lib/node.ts";
import { explain, isBusy, refusal } from "./errors.ts";
import { foreign, inspect } from "./inspect.ts";
import { APPLICATION_ID, MIGRATIONS, migrate, schemaVersion } from "./schema.ts";

/** `full`: what was acknowledged survives power loss. `normal`: it survives a crash of the process. */
export type Durability = "full" | "normal";

// Before this, a WAL reset could lose what another connection had written (sqlite.org/wal.html).
const OLDEST_SQLITE = [3, 51, 3];

/**
 * Opens a store that exists; undefined when there is none. Raises a fault for a file that is not a usable store,
 * without having written to it, and SQLite's own error when another process is in the way for a moment.
 */
export function openConnection(path: string, { again = false }: { again?: boolean }): Database | undefined {
  // To look at a file that this process has open would drop the locks that SQLite has on it
  // (sqlite.org/howtocorrupt.html, 2.2): others would remove the log under our feet.
  if (!again && opensWithEffect(path) && inspect(path) === "absent") return undefined;
  let db: Database | undefined;
  try {
    db = openFile(path);
    if (db === undefined) return undefined;
    checkLibrary(db, path);
    if (applicationId(db) !== APPLICATION_ID) throw foreign(path);
    checkVersion(db, path);
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    if (isBusy(error)) throw error;
    // It says better than SQLite what is there in place of a store.
    if (!again) inspect(path);
    throw explain(error, path);
  }
}

function openFile(path: string): Database | undefined {
  const open = () => new Database(path, { readwrite: true, create: false });
  try {
    return open();
  } catch (error) {
    if (isBusy(error)) throw error;
    // What is there now was made a moment ago by another process.
    return inspect(path) === "absent" ? undefined : open();
  }
}

/** Whether SQLite would bring a log into the file when it opens it, which is not for us to do in a file of others. */
function opensWithEffect(path: string): boolean {
  return Bun.file(`${path}-wal`).size > 0 || Bun.file(`${path}-journal`).size > 0;
}

// https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html
const HAS_MOVED = 20;

/** Raises when the path no longer names the file that was opened. Windows does not let that happen. */
export function checkPlace(db: Database, path: string): void {
  const moved = new Int32Array(2);
  db.fileControl(HAS_MOVED, moved);
  if (moved[0] === 0) return;
  const what = node.fs.existsSync(path) ? "replaced" : "deleted";
  throw refusal(
    "unavailable",
    path,
    `the file was ${what} while this process had it open, so that what it writes would be lost. Start it again.`,
  );
}

function applicationId(db: Database): number | undefined {
  return db.query<{ application_id: number }, []>("PRAGMA application_id").get()?.application_id;
}

function checkLibrary(db: Database, path: string): void {
  // Elsewhere it is part of this program.
  if (process.platform !== "darwin") return;
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
