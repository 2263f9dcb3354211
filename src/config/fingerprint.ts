import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { RunnerError, systemReason } from "../lib/errors.ts";
import { checkOwnership } from "../lib/ownership.ts";
import { hasCode } from "../lib/stdio.ts";

/** More than any folder of plugins has; who meets this has named the wrong folder. */
const MOST_FILES = 5000;
const MOST_BYTES = 256 * 2 ** 20;

/**
 * The SHA-256 of each file at or below `paths`, by name: its path in `folder`, itself a path without links, with forward
 * slashes; the absolute one when it is elsewhere. Links are followed; a path where nothing is has no files. Raises `invalid`
 * for what others may change and for what is neither a file nor a folder; `verb` continues "Cannot".
 */
export function fingerprint(
  folder: string,
  paths: readonly string[],
  verb: string,
): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const seen = new Set<string>();
  let [count, bytes] = [0, 0];
  const visit = (path: string) => {
    // By its real path: links may lead in circles, and each of them may be turned elsewhere.
    const real = realPath(path);
    if (real === undefined || seen.has(real)) return;
    seen.add(real);
    const status = statSync(real);
    checkOwnership(real, verb);
    if (status.isDirectory()) {
      for (const name of readdirSync(real).sort()) visit(join(real, name));
      return;
    }
    if (!status.isFile()) throw refusal(verb, real, "it is neither a file nor a folder. Remove it.");
    bytes += status.size;
    if (++count > MOST_FILES || bytes > MOST_BYTES) {
      throw refusal(
        verb,
        folder,
        `its plugins are too much to look at, more than ${MOST_FILES} files or 256 MiB. Name the folder of a project.`,
      );
    }
    files[nameIn(folder, real)] = hash(real);
  };
  for (const path of paths) {
    try {
      visit(path);
    } catch (error) {
      if (error instanceof RunnerError) throw error;
      throw refusal(verb, path, `${systemReason(error)}.`);
    }
  }
  return files;
}

function nameIn(folder: string, path: string): string {
  const inside = relative(folder, path);
  const outside = inside.startsWith("..") || isAbsolute(inside);
  return outside ? path : inside.replaceAll(sep, "/");
}

/** Undefined for what does not exist, and for links to it: when it comes, it is a file that was added. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function hash(path: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
}

function refusal(verb: string, path: string, why: string): RunnerError {
  return new RunnerError("invalid", `Cannot ${verb} "${path}": ${why}`);
}
