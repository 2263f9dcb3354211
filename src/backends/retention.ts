import { RunnerError } from "../lib/errors.ts";
import type { Cursor } from "./backend.ts";

/** How much history is kept of each key. */
export interface Retention {
  /** Versions. */
  readonly keep: number;
  /** How old a version may become, in ms. */
  readonly maxAge: number;
  /** Bytes of all versions of a key together. */
  readonly bytesPerKey: number;
  /** Nothing younger is dropped, in ms, so that a watcher misses nothing. */
  readonly minAge: number;
}

export const DEFAULT_RETENTION: Retention = {
  keep: 100,
  maxAge: 30 * 86_400_000,
  bytesPerKey: 16 * 2 ** 20,
  minAge: 600_000,
};

/** For those who do not know what the config says: they drop nothing. */
export const KEEP_ALL: Retention = {
  keep: Infinity,
  maxAge: Infinity,
  bytesPerKey: Infinity,
  minAge: Infinity,
};

/** Versions of one key that one step drops at most, so that no write waits long for it. */
export const PRUNE_BATCH = 500;
/** A written key is pruned about every so many writes: more often than that it would hardly be worth a look. */
const WRITES_PER_PRUNE = 32;

/**
 * Whether the keys of a commit are due to be pruned. Spread over the revisions without a pattern, so that no key, however
 * regularly it is written, is always passed over; and rarer where more is looked at.
 */
export function isPruneDue(revision: number, retention: Retention): boolean {
  const spread = Math.imul(revision, 0x9e3779b1) >>> 0;
  return spread < 2 ** 32 * pruneChance(retention);
}

/** How likely a commit's keys are to be pruned; from 0 to 1. */
export function pruneChance({ keep }: Retention): number {
  return 1 / (WRITES_PER_PRUNE + keep / 4);
}

/** One version, as far as it matters here. */
export interface Kept {
  /** When it was written, in ms since the epoch. */
  readonly at: number;
  readonly bytes: number;
}

/** How many of a key's versions, newest first, stay; all that are older go. */
export function countKept(
  versions: readonly Kept[],
  now: number,
  { keep, maxAge, bytesPerKey, minAge }: Retention,
): number {
  let sum = 0;
  for (const [place, { at, bytes }] of versions.entries()) {
    sum += bytes;
    const tooMuch = place >= keep || sum > bytesPerKey || now - at > maxAge;
    if (tooMuch && now - at > minAge) return place;
  }
  return versions.length;
}

/** Raises `compacted` when changes after a place may be among those that were dropped up to revision `compacted`. */
export function checkKept({ revision }: Cursor, compacted: number): void {
  if (revision >= compacted) return;
  throw new RunnerError(
    "compacted",
    `Cannot go on after revision ${revision}: changes up to revision ${compacted} are not all kept any more. ` +
      "Read the keys anew and watch from there, or raise state.history.",
  );
}
