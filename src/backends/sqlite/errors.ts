import { SQLiteError } from "bun:sqlite";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { dirname } from "../../lib/path.ts";

// Primary result codes, https://sqlite.org/rescode.html
const PERM = 3;
const BUSY = 5;
const NOMEM = 7;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const PROTOCOL = 15;
const TOOBIG = 18;
const NOTADB = 26;

/** Whether an error only says that another connection is in the way for a moment. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof SQLiteError)) return false;
  const code = error.errno & 0xff;
  // PROTOCOL: lost the race for the WAL index too often, which heavy contention can do.
  return code === BUSY || code === PROTOCOL;
}

/** The fault as a user meets it. Anything that SQLite did not raise comes back as it is. */
export function explain(error: unknown, path: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const [code, text] = wordsFor(error, path);
  return new RunnerError(code, `Cannot use "${path}": ${text}`, { cause: error });
}

function wordsFor(error: SQLiteError, path: string): ["unavailable" | "damaged" | "too_large", string] {
  switch (error.errno & 0xff) {
    case FULL:
      return ["unavailable", "the disk is full. Nothing was changed. Free some space and try again."];
    case READONLY:
    case PERM:
      return ["unavailable", "it is read-only. Make file, folder and disk writable for this user."];
    case CANTOPEN:
      if (isOnReadOnlyDisk(path)) return ["unavailable", READ_ONLY_DISK];
      return ["unavailable", "the file could not be opened. Check the permissions of file and folder."];
    case IOERR:
      return ["unavailable", `reading or writing failed (${error.message}). Check the disk and try again.`];
    case NOMEM:
      return ["unavailable", "the memory is exhausted."];
    case BUSY:
    case PROTOCOL:
      return ["unavailable", "another process has it locked. Try again."];
    case TOOBIG:
      return ["too_large", "a value is larger than SQLite can hold."];
    case CORRUPT:
    case NOTADB:
      return ["damaged", `the database is damaged (${error.message}). Keep a copy and restore a backup.`];
    default:
      return ["damaged", `it does not look as runner left it (${error.message}). Restore a backup.`];
  }
}

/** What is said of a file on a file system that takes no changes. */
export const READ_ONLY_DISK = "the file system is read-only. Remount it or choose another path.";

/** SQLite does not tell why it could not make the log of a database. */
function isOnReadOnlyDisk(path: string): boolean {
  try {
    node.fs.accessSync(dirname(path), node.fs.constants.W_OK);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}

/** The fault for a file that must not be opened. */
export function refusal(
  code: "unavailable" | "damaged",
  path: string,
  why: string,
  cause?: unknown,
): RunnerError {
  return new RunnerError(code, `Cannot open "${path}": ${why}`, { cause });
}
