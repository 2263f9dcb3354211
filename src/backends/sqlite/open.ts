import { Database } from "bun:sqlite";
import { node } from "../../lib/node.ts";
import { explain, isBusy, refusal } from "./errors.ts";
import { APPLICATION_ID, MIGRATIONS, migrate, schemaVersion } from "./schema.ts";

/** What looks at files beside SQLite; loaded for those that are not simply a store. */
const beside = (): typeof import("./inspect.ts") => require("./inspect.ts");

/** `full`: what was acknowledged survives power loss. `normal`: it survives a crash of the process. */
export type Durability = "full" | "normal";

/**
 * Opens a store that exists; undefined when there is none. Raises a fault for a file that is not a usable store,
 * without having written to it, and SQLite's own error when another process is in the way for a moment.
 */
export function openConnection(path: string, { again = false }: { again?: boolean }): Database | undefined {
  // To look at a file that this process has open would drop the locks that SQLite has on it
  // (sqlite.org/howtocorrupt.html, 2.2): others would remove the log under our feet.
  if (!again && opensWithEffect(path) && beside().inspect(path) === "absent") return undefined;
  let db: Database | undefined;
  try {
    db = openFile(path);
    if (db === undefined) return undefined;
    checkLibrary(path);
    if (applicationId(db) !== APPLICATION_ID) throw beside().foreign(path);
    checkVersion(db, path);
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    if (isBusy(error)) throw error;
    // It says better than SQLite what is there in place of a store.
    if (!again) beside().inspect(path);
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
    return beside().inspect(path) === "absent" ? undefined : open();
  }
}

/** Whether SQLite would bring a log into the file when it opens it, which is not for us to do in a file of others. */
function opensWithEffect(path: string): boolean {
  return Bun.file(`${path}-wal`).size > 0 || Bun.file(`${path}-journal`).size > 0;
}

/** How often whoever uses a file looks whether it is still there, in ms. */
const CHECK_MS = 1000;
// https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html
const HAS_MOVED = 20;

/**
 * Raises when the path no longer names the file that was opened: what is written there would be lost, and what is read
 * is of the past. Windows does not let that happen.
 */
export function checkNamed(db: Database, path: string): void {
  const moved = new Int32Array(2);
  db.fileControl(HAS_MOVED, moved);
  if (moved[0] === 0) return;
  const what = node.fs.existsSync(path) ? "replaced" : "deleted";
  throw refusal("unavailable", path, `the file was ${what} while this process had it open. Start it again.`);
}

/** The same check for whoever uses the file again and again: at most one in a second. */
export function regularCheck(db: Database, path: string): (now: number) => void {
  let checkedAt = 0;
  return (now) => {
    // The clock may be set back.
    if (Math.abs(now - checkedAt) < CHECK_MS) return;
    checkNamed(db, path);
    checkedAt = now;
  };
}

function applicationId(db: Database): number | undefined {
  return db.query<{ application_id: number }, []>("PRAGMA application_id").get()?.application_id;
}

function checkLibrary(path: string): void {
  // Elsewhere it is part of this program.
  if (process.platform !== "darwin") return;
  const { isFaulty, libraryVersion, OLDEST_SQLITE }: typeof import("./library.ts") = require("./library.ts");
  const version = libraryVersion();
  if (!isFaulty(version)) return;
  const why = `this system's SQLite ${version} has a known fault that loses data. Use ${OLDEST_SQLITE} or later.`;
  throw refusal("unavailable", path, why);
}

function checkVersion(db: Database, path: string): void {
  const version = schemaVersion(db);
  if (version <= MIGRATIONS.length) return;
  const why = `it was written by a newer runner (schema ${version}, this one knows ${MIGRATIONS.length}). Upgrade runner.`;
  throw refusal("unavailable", path, why);
}
