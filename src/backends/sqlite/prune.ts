import { countKept, KEEP_ALL, PRUNE_BATCH, type Retention } from "../retention.ts";
import type { Statements } from "./statements.ts";

/** Keys that one sweep looks at, and records that it looks at for their age. */
const SAMPLED_KEYS = 16;
const AGED_RECORDS = 1000;

/**
 * Drops what the history of one key has too much of, a bounded number of versions, within a transaction. `revision` is
 * its own, or the newest one if it has none; `now` in ms since the epoch.
 */
export function pruneKey(
  statements: Statements,
  key: string,
  { revision, now }: { revision: number; now: number },
  retention: Retention,
): void {
  const oldest = statements.oldestOf.get(key);
  if (oldest === null || now - oldest.at <= retention.minAge) return;
  const newest = statements.newestOf.all(key, retention.keep);
  const kept = countKept(newest, now, retention);
  const firstDropped = newest[kept]?.revision ?? (newest.at(-1)?.revision ?? revision + 1) - 1;
  // Before the deletion, so that the trigger has nothing to remember.
  statements.setRevision.run(revision);
  const dropped = statements.dropVersions.all(key, firstDropped, now - retention.minAge - 1, PRUNE_BATCH);
  noteDropped(statements, dropped);
}

/** What a sweep drops: a bounded number of records that are too old, and what some keys have too much of. */
export function pruneSome(
  statements: Statements,
  { revision, now }: { revision: number; now: number },
  retention: Retention,
): void {
  if (retention === KEEP_ALL) return;
  const limit = Math.max(retention.maxAge, retention.minAge);
  const records = statements.oldest.all(AGED_RECORDS);
  const tooOld = records.slice(
    0,
    countWhile(records, ({ at }) => now - at > limit),
  );
  if (tooOld.length > 0) statements.setRevision.run(revision);
  for (const record of tooOld) statements.drop.run(record.revision, record.key);
  noteDropped(statements, tooOld);
  for (let sample = 0; sample < SAMPLED_KEYS; sample++) {
    // By chance, so that a key with many versions is the likelier the more of them it has.
    const row = statements.keyFrom.get(Math.floor(Math.random() * revision));
    if (row !== null) pruneKey(statements, row.key, { revision, now }, retention);
  }
}

function noteDropped(statements: Statements, dropped: readonly { revision: number }[]): void {
  const last = dropped.reduce((most, { revision }) => Math.max(most, revision), 0);
  if (last > 0) statements.setCompacted.run(last);
}

function countWhile<T>(items: readonly T[], holds: (item: T) => boolean): number {
  const end = items.findIndex((item) => !holds(item));
  return end < 0 ? items.length : end;
}
