import { createHash, randomUUID } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  createReadStream,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { fromBytes } from "../lib/bytes.ts";
import { RunnerError } from "../lib/errors.ts";
import { fromFloat } from "../lib/value.ts";
import { writeInPlace, writeTargetOf } from "../lib/write-target.ts";
import type { Digest } from "./crypto.ts";
import type { LuaRecord } from "./module.ts";
import { type GivenPath, onPaths, type Path } from "./paths.ts";

/** The permission bits that octal text such as "0644" names. Raises `bad_argument`. */
export function parseMode(mode: string, callee: string): number {
  if (/^0?[0-7]{3,4}$/.test(mode)) return Number.parseInt(mode, 8);
  throw new RunnerError(
    "bad_argument",
    `${callee}: mode: expected octal digits such as "0644", got ${JSON.stringify(mode)}`,
  );
}

/** What is at a path; undefined when there is nothing. Links are told as such. */
export function statOf(path: Path): LuaRecord | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const type = stat.isSymbolicLink()
    ? "link"
    : stat.isDirectory()
      ? "directory"
      : stat.isFile()
        ? "file"
        : "other";
  return {
    type,
    size: stat.size,
    mode: (stat.mode & 0o7777).toString(8).padStart(4, "0"),
    modified: fromFloat(stat.mtimeMs / 1000),
    ...(type === "link" && { target: fromBytes(readlinkSync(path, { encoding: "buffer" })) }),
  };
}

/**
 * Puts a file with this content in place of the file that was there, in one step: readers see the old or the new
 * content, also after a power loss. The mode, and as root the owner, of a file that was there stay; of a link, its target
 * is replaced. A device or a pipe is written to. What `own` raises, who gives the new file to its owner before that is in
 * place, leaves all as it was.
 */
export function replaceFile(
  path: Path,
  content: string | Uint8Array,
  { mode, own }: { mode?: number | undefined; own?: ((path: Path) => void) | undefined } = {},
): void {
  const target = writeTargetOf(path);
  if (target.inPlace) {
    writeInPlace(path, content);
    return;
  }
  const before = statSync(target.path, { throwIfNoEntry: false });
  const temporary = besideOf(target.path);
  const file = openSync(temporary, "wx", mode ?? (before ? before.mode & 0o7777 : 0o666));
  try {
    try {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (before) takeAttributes(temporary, before);
    own?.(temporary);
    // A change of owner takes bits away, and so does the umask.
    if (mode !== undefined) chmodSync(temporary, mode);
    renameSync(temporary, target.path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Gives a new file the mode, and as root the owner, of the one whose place it is to take. */
export function takeAttributes(path: Path, { uid, gid, mode }: Pick<Stats, "uid" | "gid" | "mode">): void {
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
}

/** Puts a link in place of whatever link was there, in one step: readers see the old or the new target. */
export function replaceSymlink(target: GivenPath, path: Path): void {
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before !== undefined && !before.isSymbolicLink()) {
    throw Object.assign(new Error("EEXIST: what is there is not a link"), { code: "EEXIST" });
  }
  const temporary = besideOf(path);
  symlinkSync(typeof target === "string" ? target : Buffer.from(target), temporary);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The digest of a file's content in hex; reads it in pieces. */
export async function hashFile(path: Path, algorithm: Digest): Promise<string> {
  const hash = createHash(algorithm);
  // It opens paths of text alone.
  const fd = openSync(path, "r");
  for await (const chunk of createReadStream("", { fd })) hash.update(chunk);
  return hash.digest("hex");
}

/** A name for a temporary file in the same folder: renaming works within a disk only. */
export function besideOf<P extends Path>(path: P): P;
export function besideOf(path: Path): Path {
  return onPaths([path], (own) => `${own}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`);
}
