import { RunnerError } from "../lib/errors.ts";
import type { ChangeRecord, Encoded, Entry, LoadItem, Ref } from "./backend.ts";
import type { Commit } from "./commit.ts";

/** What a load has to do, decided before any of it is done. */
export interface LoadPlan {
  readonly puts: readonly LoadItem[];
  /** Entries that are as they are to be already. */
  readonly same: number;
  /** Whether an item is of this ref. */
  mentions(ref: Ref): boolean;
}

/** Reads all items, beside what is there. Raises `invalid` for a key that comes twice, and what `items` raises. */
export function planLoad(items: Iterable<LoadItem>, old: (ref: Ref) => Entry | undefined): LoadPlan {
  const seen = new Set<string>();
  const puts: LoadItem[] = [];
  for (const item of items) {
    const { space, entry } = item;
    const { key, value, expiresAt } = entry;
    const place = `${space} ${key}`;
    if (seen.has(place)) throw twice(key);
    seen.add(place);
    const existing = old({ space, key });
    if (existing?.expiresAt !== expiresAt || existing === undefined || !sameEncoded(existing.value, value)) {
      puts.push(item);
    }
  }
  return { puts, same: seen.size - puts.length, mentions: ({ space, key }) => seen.has(`${space} ${key}`) };
}

/** The record of a loaded entry for the history. */
export function recordOfLoad(entry: LoadItem["entry"], { revision, now, by }: Commit): ChangeRecord {
  const { key, value, expiresAt } = entry;
  const base: ChangeRecord = { key, revision, kind: "put", value, at: now, by };
  return expiresAt === undefined ? base : { ...base, expiresAt };
}

/** Whether two stored forms are the same byte by byte. */
export function sameEncoded(one: Encoded, other: Encoded): boolean {
  if (one.type !== other.type) return false;
  if (one.data instanceof Uint8Array && other.data instanceof Uint8Array) {
    return Buffer.compare(one.data, other.data) === 0;
  }
  return one.data === other.data;
}

/** The fault for a key that comes twice in one load. */
export function twice(key: string): RunnerError {
  return new RunnerError(
    "invalid",
    `Cannot load ${JSON.stringify(key)}: it comes twice. Nothing was changed; leave one of the two out.`,
  );
}
