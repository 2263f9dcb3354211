import { Database } from "bun:sqlite";
import { node } from "../../lib/node.ts";
import { READ_ONLY_DISK, refusal } from "./errors.ts";
import { APPLICATION_ID } from "./schema.ts";

const MAGIC = "SQLite format 3\0";
// https://sqlite.org/fileformat.html#the_database_header
const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const IF_A_STORE = " If it was a store, bring back a backup: runner state restore FILE";
/** Tables that a store has, and hardly any other database. */
const OUR_TABLES = ["data", "lock", "history", "type_count"];

/**
 * Looks at a file beside SQLite, which would change some kinds of files by opening them. Raises for anything that is
 * there and not a store of ours.
 */
export function inspect(path: string): "store" | "absent" {
  let handle: number;
  try {
    const { constants, openSync } = node.fs;
    // A pipe to which nobody writes would be waited for without end.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return "absent";
    throw explainFileError(error, path);
  }
  try {
    inspectOpen(handle, path);
    return "store";
  } finally {
    node.fs.closeSync(handle);
  }
}

function inspectOpen(handle: number, path: string): void {
  const status = node.fs.fstatSync(handle);
  if (status.isDirectory()) throw refusal("unavailable", path, "it is a folder. Name a file in it.");
  if (!status.isFile()) throw refusal("unavailable", path, "it is not a regular file.");
  if (status.size === 0) {
    throw refusal(
      "damaged",
      path,
      "the file is empty, which a store never is. Restore a backup, or remove the file.",
    );
  }
  const header = Buffer.alloc(HEADER_BYTES);
  const length = node.fs.readSync(handle, header, 0, HEADER_BYTES, 0);
  if (length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    const size = status.size.toLocaleString("en");
    const why = `not a SQLite database (${size} bytes of something else). It was not changed.${IF_A_STORE}`;
    throw refusal("damaged", path, why);
  }
  if (header.readInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) throw foreign(path);
}

/** The fault for a SQLite database that does not say that it is ours. */
export function foreign(path: string): Error {
  const tables = tableNames(path);
  if (tables.includes("state_data") || tables.includes("state")) {
    const why = `it is a database of Sloth Runner. Take it over with: runner state import --from sloth ${path}`;
    return refusal("unavailable", path, why);
  }
  if (OUR_TABLES.every((table) => tables.includes(table))) {
    return refusal("damaged", path, `its header is not that of a store. It was not changed.${IF_A_STORE}`);
  }
  return refusal("unavailable", path, "it is a SQLite database of another program. It was not changed.");
}

/** The tables of a database of somebody else, without leaving a trace; none when they cannot be read. */
function tableNames(path: string): string[] {
  try {
    // Immutable: no lock, no WAL, no recovery.
    using db = new Database(`file:${encodeURI(path)}?immutable=1`, OPEN_READONLY | OPEN_URI);
    return db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

// https://sqlite.org/c3ref/c_open_autoproxy.html
const OPEN_READONLY = 0x1;
const OPEN_URI = 0x40;

/** An error of the file system as the fault that a user meets. */
export function explainFileError(error: unknown, path: string): unknown {
  switch (errorCode(error)) {
    case undefined:
      return error;
    case "EACCES":
    case "EPERM":
      return refusal(
        "unavailable",
        path,
        "this user may not read or write it. Check its permissions.",
        error,
      );
    case "ENOENT":
      return refusal("unavailable", path, "its folder cannot be made there. Choose another path.", error);
    case "ENOTDIR":
      return refusal("unavailable", path, "a part of its path is not a folder. Check state.path.", error);
    case "EEXIST":
      return refusal("unavailable", path, "a file is where its folder should be. Check state.path.", error);
    case "EROFS":
      return refusal("unavailable", path, READ_ONLY_DISK, error);
    case "ENOSPC":
    case "EDQUOT":
      return refusal("unavailable", path, "the disk is full. Free some space and try again.", error);
    default:
      return refusal("unavailable", path, `the system says ${(error as Error).message}.`, error);
  }
}

/** The system's name of an error, such as ENOENT; undefined for an error of another origin. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "syscall" in error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
