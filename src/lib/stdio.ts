import { endAs, endNow, HUNG_UP, UNREAD } from "./ending.ts";
import { messageOf, RunnerError } from "./errors.ts";
import { beforeExit } from "./exit.ts";
import { node } from "./node.ts";

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;

/** How long to pause, in ms, before offering more to a full pipe that does not block. */
const FULL_PIPE_PAUSE = 1;

/**
 * Writes all of `data` to a file descriptor before it returns, so that a process may exit right after. Raises
 * the system's error; a reader that went away is one with code `EPIPE`.
 */
export function writeWhole(fd: number, data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += node.fs.writeSync(fd, bytes, offset);
    } catch (error) {
      if (!hasCode(error, "EAGAIN")) throw error;
      // Whoever started us may share a pipe that does not block; there is nothing else to do meanwhile.
      Bun.sleepSync(FULL_PIPE_PAUSE);
    }
  }
}

/**
 * As `writeWhole`, for what a run prints while it works: when the reader has gone away (`| head`, a terminal), the process
 * ends as by the signal SIGPIPE or SIGHUP, and what is printed until then is dropped. When it cannot be written, as on a full disk, the process
 * ends too, and says so.
 */
export function printWhole(fd: number, data: string | Uint8Array): void {
  if (held !== undefined) {
    held.push({ fd, data });
    return;
  }
  try {
    writeWhole(fd, data);
  } catch (error) {
    if (hasCode(error, "EPIPE") || (hasCode(error, "EIO") && isDevice(fd))) {
      endAs(hasCode(error, "EPIPE") ? UNREAD : HUNG_UP);
      return;
    }
    // What cannot be shown would be lost: a run can be taken up again.
    const failure = new RunnerError("unavailable", `Cannot print the result: ${messageOf(error)}.`);
    if (fd !== STDERR) tryToSay(failure.message);
    endNow(failure.exitCode);
  }
}

/** What `printTogether` holds back, while it runs. */
let held: { readonly fd: number; readonly data: string | Uint8Array }[] | undefined;

/** Has what `work` prints by `printWhole` written when it ends, in its order and in few writes. `work` must not wait. */
export function printTogether(work: () => void): void {
  if (held !== undefined) {
    work();
    return;
  }
  held = [];
  // Whatever ends the process meanwhile.
  beforeExit(printHeld);
  try {
    work();
  } finally {
    beforeExit(undefined);
    printHeld();
  }
}

function printHeld(): void {
  const pieces = held ?? [];
  held = undefined;
  for (let first = 0, next = 0; first < pieces.length; first = next) {
    const fd = pieces[first]?.fd ?? STDOUT;
    while (pieces[next]?.fd === fd) next++;
    printWhole(fd, joined(pieces.slice(first, next).map(({ data }) => data)));
  }
}

function joined(pieces: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (pieces.every((piece) => typeof piece === "string")) return pieces.join("");
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
}

function tryToSay(text: string): void {
  try {
    writeWhole(STDERR, `${text}\n`);
  } catch {
    // Nobody reads stderr; the exit code still tells.
  }
}

/** Whether a file descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  // Loaded here alone: it doubles the time in which a small command starts (process.stdout triples it).
  const { isatty }: typeof import("node:tty") = require("node:tty");
  return isatty(fd);
}

/** Whether it is no file, pipe or socket; a terminal that has gone is no terminal any more. */
function isDevice(fd: number): boolean {
  return node.fs.fstatSync(fd).isCharacterDevice();
}

/** Whether what is written to stdout and to stderr goes to the same file, pipe or terminal. */
export function sharesOutput(): boolean {
  try {
    const [out, err] = [STDOUT, STDERR].map((fd) => node.fs.fstatSync(fd));
    return out?.dev === err?.dev && out?.ino === err?.ino;
  } catch {
    // One of them is closed.
    return false;
  }
}

/** Whether something thrown is a system error of this code, such as `ENOENT`. */
export function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
