import { createHash, randomUUID } from "node:crypto";
import {
  chownSync,
  closeSync,
  createReadStream,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { RunnerError } from "../lib/errors.ts";
import { fromFloat } from "../lib/value.ts";
import type { Digest } from "./crypto.ts";
import type { LuaRecord } from "./module.ts";

/** The permission bits that octal text such as "0644" names. Raises `bad_argument`. */
export function parseMode(mode: string, callee: string): number {
  if (/^0?[0-7]{3,4}$/.test(mode)) return Number.parseInt(mode, 8);
  throw new RunnerError(
    "bad_argument",
    `${callee}: mode: expected octal digits such as "0644", got ${JSON.stringify(mode)}`,
  );
}

/** What is at a path; undefined when there is nothing. Links are told as such. */
export function statOf(path: string): LuaRecord | undefined {
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
    ...(type === "link" && { target: readlinkSync(path) }),
  };
}

/**
 * Puts a file with this content in place of whatever file was there, in one step: readers see the old or the new
 * content, also after a power loss. The mode, and as root the owner, of a file that was there stay.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode }: { mode?: number | undefined } = {},
): void {
  const before = statSync(path, { throwIfNoEntry: false });
  const temporary = besideOf(path);
  const file = openSync(temporary, "wx", mode ?? (before ? before.mode & 0o7777 : 0o666));
  try {
    try {
      const bytes = Buffer.from(content);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (before && process.getuid?.() === 0) chownSync(temporary, before.uid, before.gid);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Puts a link in place of whatever link was there, in one step: readers see the old or the new target. */
export function replaceSymlink(target: string, path: string): void {
  const temporary = besideOf(path);
  symlinkSync(target, temporary);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The digest of a file's content in hex; reads it in pieces. */
export async function hashFile(path: string, algorithm: Digest): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** A name for a temporary file in the same folder: renaming works within a disk only. */
export function besideOf(path: string): string {
  return `${path}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
}
