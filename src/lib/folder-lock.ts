import { RunnerError } from "./errors.ts";
import { openLibrary } from "./libc.ts";
import { node } from "./node.ts";

/** Of flock(2). */
const [EXCLUSIVE, NOT_WAITING, UNLOCK] = [2, 4, 8];
/** How long, in ms, to wait for others, who hold it for the change of one file. */
const PATIENCE = 10_000;
const PAUSE = 2;

let flock: ((file: number, operation: number) => number) | undefined;

/**
 * Takes the advisory lock of a folder, which keeps out other processes of runner on this machine, until it is disposed
 * of; it blocks while it waits. Where the system has none, or the folder cannot be opened, there is no lock. Raises
 * `unavailable` when somebody else keeps it.
 */
export function lockFolder(path: string): Disposable {
  const { closeSync, openSync } = node.fs;
  flock ??= openLibrary({ flock: { args: ["int", "int"], returns: "int" } })?.flock;
  const nothing = { [Symbol.dispose]: () => undefined };
  if (flock === undefined) return nothing;
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return nothing;
  }
  const lock = { [Symbol.dispose]: () => closeSync(file) };
  // A file system without locks says so at once.
  if (flock(file, UNLOCK) !== 0) return lock;
  const deadline = performance.now() + PATIENCE;
  while (flock(file, EXCLUSIVE | NOT_WAITING) !== 0) {
    if (performance.now() >= deadline) {
      closeSync(file);
      const problem = `another process has held its lock (flock) for ${PATIENCE / 1000} s`;
      throw new RunnerError("unavailable", `Cannot change what is in ${path}: ${problem}.`);
    }
    Bun.sleepSync(PAUSE);
  }
  return lock;
}
