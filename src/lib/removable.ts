import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";

/**
 * Why a folder must not be removed with all that is in it, as the end of a sentence; undefined when it may be. Kept
 * are the root of the file system and what lies directly in it, and every folder that holds `cwd` or the user's home:
 * what a script deletes when a path that it put together turned out empty or one level too high.
 *
 * @param path absolute; a link in its last place is not followed, because removing a link leaves its target.
 */
export function reasonToKeep(path: string, cwd: string): string | undefined {
  const real = settle(path);
  const parent = dirname(real);
  if (parent === real) return "it is the root of the file system";
  if (dirname(parent) === parent) return "it is a folder at the root of the file system";
  if (holds(real, settle(cwd))) return "it is, or holds, the folder that the script works in";
  if (holds(real, settle(homedir()))) return "it is, or holds, the home folder";
  return undefined;
}

/** The path without links on the way to its last part; as it is where nothing exists. */
function settle(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function holds(folder: string, path: string): boolean {
  const rest = relative(folder, path);
  return rest === "" || !(rest === ".." || rest.startsWith("../") || rest.startsWith("/"));
}
