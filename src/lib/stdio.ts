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
  // Loaded here alone, so that commands that print nothing on the way start faster.
  const { writeSync }: typeof import("node:fs") = require("node:fs");
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if (!hasCode(error, "EAGAIN")) throw error;
      // Whoever started us may share a pipe that does not block; there is nothing else to do meanwhile.
      Bun.sleepSync(FULL_PIPE_PAUSE);
    }
  }
}

/** Whether a file descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  // Loaded here alone: it doubles the time in which a small command starts (process.stdout triples it).
  const { isatty }: typeof import("node:tty") = require("node:tty");
  return isatty(fd);
}

/** Whether something thrown is a system error of this code, such as `ENOENT`. */
export function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
