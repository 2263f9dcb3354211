import { draftBeside } from "../../lib/drafts.ts";
import { beforeEnding } from "../../lib/ending.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { hasCode, STDIN, STDOUT, writeWhole } from "../../lib/stdio.ts";
import { writeTargetOf } from "../../lib/write-target.ts";

/** Bytes that are read at a time. */
const BLOCK = 256 * 1024;

/** The bytes of a file, or of stdin for "-", block by block; the same buffer each time. Raises `not_found`, `unavailable`. */
export function* readBlocks(file: string, progress?: (bytes: number) => void): Generator<Uint8Array> {
  const { closeSync, openSync, readSync } = node.fs;
  const handle = file === "-" ? STDIN : attempt("read", file, () => openSync(file, "r"));
  const buffer = new Uint8Array(BLOCK);
  try {
    for (;;) {
      const length = attempt("read", file, () => readWaiting(() => readSync(handle, buffer, 0, BLOCK, null)));
      if (length === 0) return;
      progress?.(length);
      yield buffer.subarray(0, length);
    }
  } finally {
    if (handle !== STDIN) closeSync(handle);
  }
}

/** What writes: it gets what takes its bytes. */
type Work<R> = (write: (block: Uint8Array) => void) => Promise<R>;

/**
 * Writes a file (mode 0600), or stdout for "-". The file appears whole, under its name, or not at all. Raises
 * `unavailable`.
 */
export async function writeBlocks<R>(file: string, work: Work<R>): Promise<R> {
  if (file === "-") return work((block) => writeWhole(STDOUT, block));
  const target = attempt("write", file, () => writeTargetOf(file));
  return target.inPlace ? writeThrough(file, work) : writeBeside(target.path, file, work);
}

/** Writes to what is no file: a device, a pipe. */
async function writeThrough<R>(file: string, work: Work<R>): Promise<R> {
  const { closeSync, openSync, constants } = node.fs;
  const handle = attempt("write", file, () => openSync(file, constants.O_WRONLY));
  try {
    return await work((block) => attempt("write", file, () => writeWhole(handle, block)));
  } finally {
    closeSync(handle);
  }
}

/** Writes a draft, which takes the place of `path` when it is whole; `file` is what the user calls it. */
async function writeBeside<R>(path: string, file: string, work: Work<R>): Promise<R> {
  const { closeSync, fsyncSync, openSync, renameSync, rmSync } = node.fs;
  const draft = draftBeside(path);
  // Before the draft is there: from then on a signal may come.
  const callOff = beforeEnding({ act: () => rmSync(draft, { force: true }), when: "always" });
  try {
    const handle = attempt("write", file, () => openSync(draft, "wx", 0o600));
    try {
      const result = await work((block) => attempt("write", file, () => writeWhole(handle, block)));
      attempt("write", file, () => fsyncSync(handle));
      attempt("write", file, () => renameSync(draft, path));
      return result;
    } finally {
      closeSync(handle);
    }
  } finally {
    rmSync(draft, { force: true });
    callOff();
  }
}

/** How long a file is, in bytes; undefined for stdin and where nobody knows. */
export function sizeOfFile(file: string): number | undefined {
  return file === "-" ? undefined : node.fs.statSync(file, { throwIfNoEntry: false })?.size;
}

/** A pipe that does not block has nothing for the moment. */
function readWaiting(read: () => number): number {
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (hasCode(error, "EOF")) return 0;
      if (!hasCode(error, "EAGAIN")) throw error;
      Bun.sleepSync(1);
    }
  }
}

function attempt<R>(verb: "read" | "write", file: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    if (hasCode(error, "EPIPE")) throw error;
    const code = hasCode(error, "ENOENT") && verb === "read" ? "not_found" : "unavailable";
    throw new RunnerError(code, `Cannot ${verb} "${file}": ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "there is no such file or folder. Check the path.";
  if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT"))
    return "the disk is full. Free some space and try again.";
  if (hasCode(error, "EFBIG"))
    return "it would grow over the limit for files. Raise it (ulimit -f) and try again.";
  if (hasCode(error, "EACCES")) return "this user may not. Check its permissions.";
  if (hasCode(error, "EISDIR")) return "it is a folder. Name a file in it.";
  return `the system says ${messageOf(error)}.`;
}
