import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { RunnerError, systemReason } from "../lib/errors.ts";
import { checkOwnership } from "../lib/ownership.ts";
import { hasCode } from "../lib/stdio.ts";

/*
 * What the user trusts: one file for each folder in `<home>/trusted`, named by the hash of the folder's path. Runs
 * that trust at the same time do not meet, and nobody ever sees half a file.
 */

/** What was in a folder when it was trusted. */
export interface TrustRecord {
  /** Absolute, without links. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly trustedAt: number;
  /** The SHA-256 of each file, in hex; those below the folder by their path in it, with forward slashes. */
  readonly files: Readonly<Record<string, string>>;
}

const RECORD = z.object({
  folder: z.string(),
  trusted_at: z.iso.datetime(),
  files: z.record(z.string(), z.string()),
});

const ENDING = ".json";

/** The record of a folder; undefined when it is not trusted, or the record is not one that runner wrote. */
export function readRecord(home: string, folder: string): TrustRecord | undefined {
  const record = readFile(join(placeOf(home), nameOf(folder)));
  return record?.folder === folder ? record : undefined;
}

/** All records, by their folders. */
export function listRecords(home: string): TrustRecord[] {
  let names: string[];
  try {
    names = readdirSync(placeOf(home)).filter((name) => name.endsWith(ENDING));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw unavailable("read", placeOf(home), error);
  }
  const records = names
    .map((name) => readFile(join(placeOf(home), name)))
    .filter((record) => record !== undefined);
  return records.sort((one, other) => (one.folder < other.folder ? -1 : 1));
}

/** Keeps a record in place of the folder's older one. */
export function writeRecord(home: string, { folder, trustedAt, files }: TrustRecord): void {
  const place = placeOf(home);
  const draft = join(place, `${nameOf(folder)}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`);
  const text = JSON.stringify({ folder, trusted_at: new Date(trustedAt).toISOString(), files }, undefined, 2);
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const handle = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(handle, `${text}\n`);
      fsyncSync(handle);
      renameSync(draft, join(place, nameOf(folder)));
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw unavailable("write to", place, error);
  }
}

/** Forgets a folder; whether it was trusted. */
export function removeRecord(home: string, folder: string): boolean {
  try {
    rmSync(join(placeOf(home), nameOf(folder)));
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw unavailable("write to", placeOf(home), error);
  }
}

function readFile(path: string): TrustRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw unavailable("read", path, error);
  }
  // Who may write here may trust in this user's name.
  checkOwnership(join(path, ".."), "rely on");
  checkOwnership(path, "rely on");
  const parsed = RECORD.safeParse(parse(text));
  if (!parsed.success) return undefined;
  const { folder, trusted_at, files } = parsed.data;
  return { folder, trustedAt: Date.parse(trusted_at), files };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function placeOf(home: string): string {
  return join(home, "trusted");
}

function nameOf(folder: string): string {
  return `${new Bun.CryptoHasher("sha256").update(folder).digest("hex").slice(0, 32)}${ENDING}`;
}

function unavailable(verb: string, path: string, error: unknown): RunnerError {
  return new RunnerError("unavailable", `Cannot ${verb} "${path}": ${systemReason(error)}.`, {
    cause: error,
  });
}
