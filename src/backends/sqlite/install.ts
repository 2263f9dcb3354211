import { Database } from "bun:sqlite";
import { draftBeside, removeDraft } from "../../lib/drafts.ts";
import { failpoint } from "../../lib/failpoint.ts";
import { node } from "../../lib/node.ts";
import { dirname, join } from "../../lib/path.ts";
import { makeFolder, syncFolder } from "./create.ts";
import { explain, refusal } from "./errors.ts";
import { errorCode, explainFileError } from "./inspect.ts";
import { migrate, REVISION } from "./schema.ts";

/** How far the counter jumps when nobody can tell where it stood. */
const UNKNOWN_GAP = 1_000_000;

/**
 * Makes a checked backup the store at `path`, where there is none or one that is beyond use, which moves to `aside`, or
 * on another disk stays in its folder under that name: gives where it went. The counter of revisions goes on above that
 * of both. Processes that have the old file open notice within a second.
 */
export function installStore(backup: string, path: string, aside: string): string | undefined {
  const { chmodSync, copyFileSync, existsSync, linkSync } = node.fs;
  const draft = draftBeside(path);
  try {
    checkPlace(path);
    makeFolder(dirname(path));
    copyFileSync(backup, draft);
    chmodSync(draft, 0o600);
    prepare(draft, existsSync(path) ? revisionOf(path) : 0);
    failpoint("install.prepared");
    const moved = existsSync(path) ? moveAside(path, aside) : undefined;
    failpoint("install.aside");
    linkSync(draft, path);
    syncFolder(dirname(path));
    return moved;
  } catch (error) {
    throw explain(explainFileError(error, path), path);
  } finally {
    removeDraft(draft);
  }
}

/** Raises where the store is a folder, a device or a pipe: what programs of the machine need is never moved away. */
function checkPlace(path: string): void {
  const stat = node.fs.statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile()) return;
  throw refusal("unavailable", path, "it is not a regular file. Name one with --db, or another path.");
}

function moveAside(path: string, aside: string): string {
  const { existsSync, renameSync } = node.fs;
  try {
    for (const suffix of ["-wal", "-shm", ""]) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    }
    return aside;
  } catch (error) {
    const near = join(dirname(path), node.path.basename(aside));
    // Where the first of them cannot go, none went.
    if (errorCode(error) !== "EXDEV" || near === aside) throw error;
    return moveAside(path, near);
  }
}

function prepare(draft: string, above: number | undefined): void {
  const db = new Database(draft, { readwrite: true, create: false });
  try {
    migrate(db);
    db.run("PRAGMA journal_mode = WAL");
    // Their holders hold nothing here.
    db.run("DELETE FROM lock");
    const own =
      db.query<{ revision: number }, []>(`SELECT ${REVISION} AS revision FROM store`).get()?.revision ?? 0;
    const revision = above === undefined ? own + UNKNOWN_GAP : Math.max(own, above) + 1;
    db.query("UPDATE store SET revision = ?1").run(revision);
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
}

/** The counter of a store that may be damaged; undefined when it cannot be read. */
function revisionOf(path: string): number | undefined {
  let db: Database | undefined;
  try {
    db = new Database(path, { readonly: true });
    return db.query<{ revision: number }, []>(`SELECT ${REVISION} AS revision FROM store`).get()?.revision;
  } catch {
    return undefined;
  } finally {
    db?.close();
  }
}
