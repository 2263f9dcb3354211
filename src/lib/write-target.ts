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
 * every program of the machine, and whoever made a link wants its target to change, or to be made when it leads nowhere.
 */
export function writeTargetOf<P extends Path>(path: P): WriteTarget<P> {
  const { lstatSync, realpathSync, statSync } = node.fs;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { path: typeof path === "string" ? endOf(path) : path, inPlace: false };
  // Only a link has to be followed; other paths of bytes stay as they are.
  const target = lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  return { path: target, inPlace: !stat.isFile() && !stat.isDirectory() };
}

/** Links that may follow each other (path_resolution(7)). */
const MOST_LINKS = 40;

/** Where a link leads of which nothing is there; other paths as they are. */
function endOf(path: string, links = MOST_LINKS): string {
  const { lstatSync, readlinkSync, realpathSync } = node.fs;
  if (links === 0 || !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return path;
  return endOf(node.path.resolve(realpathSync(node.path.dirname(path)), readlinkSync(path)), links - 1);
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
