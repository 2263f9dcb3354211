import { node } from "./node.ts";

/** A path as the system takes it: text, or bytes that are no UTF-8. */
type Path = string | Buffer;

/** Where the content for a path has to go. */
export interface WriteTarget<P extends Path> {
  /** What a new file may take the place of: the path itself, or the file that a link there leads to. */
  readonly path: P | string;
  /** Whether a device, a pipe or a socket is there: it is written to, never replaced by a file. */
  readonly inPlace: boolean;
}

/**
 * What stands at a path stays what it is when a file is written under its name: replacing /dev/null by a file would break
 * every program of the machine, and whoever made a link wants its target to change. A link that leads nowhere is
 * replaced.
 */
export function writeTargetOf<P extends Path>(path: P): WriteTarget<P> {
  const { lstatSync, realpathSync, statSync } = node.fs;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { path, inPlace: false };
  // Only a link has to be followed; other paths of bytes stay as they are.
  const target = lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  return { path: target, inPlace: !stat.isFile() && !stat.isDirectory() };
}

/** Writes to what is there, without making or emptying anything. */
export function writeInPlace(path: Path, content: string | Uint8Array): void {
  const { closeSync, constants, openSync, writeFileSync } = node.fs;
  const handle = openSync(path, constants.O_WRONLY);
  try {
    writeFileSync(handle, content);
  } finally {
    closeSync(handle);
  }
}
