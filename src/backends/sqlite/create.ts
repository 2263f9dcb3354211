import { Database } from "bun:sqlite";
import { beforeEnding } from "../../lib/ending.ts";
import { failpoint } from "../../lib/failpoint.ts";
import { node } from "../../lib/node.ts";
import { dirname } from "../../lib/path.ts";
import { explain, refusal } from "./errors.ts";
import { checkFilesystem } from "./filesystem.ts";
import { errorCode, explainFileError } from "./inspect.ts";
import { APPLICATION_ID, migrate } from "./schema.ts";

/**
 * A commit writes each page that it changes whole, to the log and through its checksums: with SQLite's own 4,096, it
 * takes a fifth longer. Smaller ones would split long keys over several.
 */
const PAGE_BYTES = 2048;

/**
 * Creates an empty store at `path`, whole or not at all: it is built under another name and then linked, so that
 * no crash leaves a half-made file there. Leaves the file of whoever was faster. Folder 0700, file 0600. Raises on a network
 * file system.
 */
export function createStore(path: string): void {
  checkFilesystem(path);
  const folder = dirname(path);
  const { closeSync, openSync } = node.fs;
  const draft = `${path}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`;
  // A signal waits until nothing of this is left but the store.
  const callOff = beforeEnding({ act: () => removeStore(draft), when: "always" });
  try {
    makeFolder(folder);
    refuseLeftovers(path);
    closeSync(openSync(draft, "wx", 0o600));
    build(draft);
    failpoint("create.built");
    publish(draft, path);
    failpoint("create.published");
    syncFolder(folder);
  } catch (error) {
    throw explain(explainFileError(error, path), path);
  } finally {
    removeStore(draft);
    callOff();
  }
}

/** Removes a database file with what SQLite keeps beside it, as far as it is there. */
export function removeStore(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) node.fs.rmSync(path + suffix, { force: true });
}

/** Makes a folder (mode 0700) with those above it that are missing, so that all of them survive a power loss. */
export function makeFolder(path: string): void {
  const first = node.fs.mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(first);
  for (let folder = path; folder !== above; folder = dirname(folder)) syncFolder(dirname(folder));
}

/** A write-ahead log without its database would be replayed into the new one. */
function refuseLeftovers(path: string): void {
  const { existsSync } = node.fs;
  // In this order: the log of a database that somebody makes right now comes after the database itself.
  if (existsSync(`${path}-wal`) && !existsSync(path)) {
    const why = `the database is gone, but its log "${path}-wal" is still there. Restore the database or remove the log.`;
    throw refusal("unavailable", path, why);
  }
}

function build(draft: string): void {
  const db = new Database(draft, { readwrite: true, create: false });
  try {
    db.run(`PRAGMA page_size = ${PAGE_BYTES}`);
    db.run("PRAGMA journal_mode = WAL");
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    migrate(db);
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
}

function publish(draft: string, path: string): void {
  try {
    node.fs.linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** Makes a new name in a folder survive a power loss; Windows neither can nor needs to. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const { closeSync, fsyncSync, openSync } = node.fs;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
