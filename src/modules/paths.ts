import { isUtf8 } from "node:buffer";
import {
  closeSync,
  constants,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { resolve } from "node:path";
import { NUL_IN_PATH, RunnerError } from "../lib/errors.ts";
import { writeInPlace, writeTargetOf } from "../lib/write-target.ts";
import type { Permits } from "./permits.ts";

/** A path as Lua has it: text, or bytes that are no UTF-8, which file names of Linux may hold. */
export type GivenPath = string | Uint8Array;
/** A path as the system takes it. */
export type Path = string | Buffer;

/** What `act` makes of paths, byte by byte where one of them is no text. */
export function onPaths(paths: readonly GivenPath[], act: (...paths: string[]) => string): Path {
  if (paths.every((path) => typeof path === "string")) return act(...paths);
  // A character for each byte: what separates the parts of a path is the same.
  const bytes = Buffer.from(act(...paths.map((path) => Buffer.from(path).toString("latin1"))), "latin1");
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

/** The absolute path, from `folder`. */
export function resolvePath(folder: GivenPath, path: GivenPath): Path {
  return onPaths([folder, path], resolve);
}

/** Raises `bad_argument` for a path that C would cut at its NUL byte; `verb` is what was to be done. */
export function refuseNul(verb: string, path: GivenPath): void {
  if (typeof path === "string" ? !path.includes("\0") : !path.includes(0)) return;
  const shown = JSON.stringify(showPath(path));
  throw new RunnerError("bad_argument", `Cannot ${verb} ${shown}: ${NUL_IN_PATH}.`);
}

/** A folder for what takes its path as text alone. */
export interface FolderAsText extends Disposable {
  readonly path: string;
}

/**
 * A folder's path as text: one whose name is no UTF-8 has another while it is open, on Linux, where alone there are such.
 * Raises the system's error when it cannot be opened.
 */
export function folderAsText(path: Path): FolderAsText {
  if (typeof path === "string") return { path, [Symbol.dispose]: () => undefined };
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
}

/** Where a path is, for `Permits`: of one that is no text it cannot be told where its links lead. */
export function subjectOf(path: Path): string {
  return typeof path === "string" ? path : "/";
}

/** Raises `denied` unless the path is allowed. */
export function checkPath(permits: Permits, path: Path, callee: string): void {
  permits.check("fs", subjectOf(path), callee);
}

/** A path as people read it. */
export function showPath(path: GivenPath): string {
  return typeof path === "string" ? path : Buffer.from(path).toString();
}

/** The names in a folder in the order of their bytes; those that are no UTF-8 as bytes. */
export function namesIn(folder: Path): Path[] {
  const names = readdirSync(folder, { encoding: "buffer" });
  return names.sort(Buffer.compare).map((name) => (isUtf8(name) ? name.toString() : name));
}

/**
 * The paths that are shown as `path` where bytes that are no UTF-8 are shown as U+FFFD, in the order of their bytes:
 * several names may look the same.
 */
export function pathsShownAs(path: string, cwd: Path): Path[] {
  if (!path.includes("\ufffd")) return [path];
  let found: Path[] = [""];
  for (const part of path.split("/")) {
    found = found.flatMap((folder) => {
      const at = (name: Path) =>
        onPaths([folder, name], (above, own) => (above === "" ? own : `${above}/${own}`));
      if (!part.includes("\ufffd")) return [at(part)];
      return namesIn(resolvePath(cwd, folder)).flatMap((name) => (showPath(name) === part ? [at(name)] : []));
    });
  }
  return found;
}

/** Copies a file or a folder with all that is in it, with its times: onto what a link leads to, into a device or a pipe. */
export function copyPath(from: Path, path: Path): void {
  const target = writeTargetOf(path);
  const to = target.path;
  if (target.inPlace) writeInPlace(to, readFileSync(from));
  else if (typeof from === "string" && typeof to === "string" && !holdsBytes(from)) {
    // Links as they are: a copy of a folder leads into itself, not into the original.
    cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  } else copyByBytes(from, to);
}

/** Renames; where that cannot be, because it is another disk, copies and removes. */
export function movePath(from: Path, to: Path): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) throw error;
    copyPath(from, to);
    rmSync(from, { recursive: true });
  }
}

/** Whether there is a name in a folder, at any depth, that is no UTF-8. */
function holdsBytes(path: Path): boolean {
  if (!lstatSync(path).isDirectory()) return false;
  return namesIn(path).some((name) => typeof name !== "string" || holdsBytes(within(path, name)));
}

/** As `cpSync`, which takes paths of text alone. */
function copyByBytes(from: Path, to: Path): void {
  const stat = lstatSync(from);
  if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from, { encoding: "buffer" }), to);
    return;
  }
  if (stat.isDirectory()) {
    // Before there is anything in the copy, which may lie in the folder itself.
    const names = namesIn(from);
    mkdirSync(to, { recursive: true, mode: stat.mode });
    for (const name of names) copyByBytes(within(from, name), within(to, name));
  } else copyFileSync(from, to);
  utimesSync(to, stat.atime, stat.mtime);
}

function within(folder: Path, name: Path): Path {
  return onPaths([folder, name], (above, own) => `${above}/${own}`);
}
