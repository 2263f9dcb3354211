import { RunnerError } from "../../lib/errors.ts";
import type { ValueType } from "../../lib/value.ts";
import { encode } from "../../state/codec.ts";
import type { ShownEntry } from "../../state/store.ts";

export type SortName = "key" | "size" | "changed" | "expires";

/** Entries that are kept beside those that are wanted, so that sorting them is rare. */
const SPARE = 10_000;

interface Ranked {
  readonly entry: ShownEntry;
  readonly rank: number;
}

export interface Selection {
  readonly type: ValueType | undefined;
  readonly sort: SortName;
  readonly limit: number | undefined;
}

/**
 * The entries that are wanted, in the wanted order, of pages in byte order of the keys; whether there are more. Reads no
 * more pages than it has to.
 */
export async function selectEntries(
  pages: AsyncIterable<readonly ShownEntry[]>,
  { type, sort, limit = Number.POSITIVE_INFINITY }: Selection,
): Promise<{ entries: ShownEntry[]; more: boolean }> {
  let found: Ranked[] = [];
  let more = false;
  const cut = () => {
    // By rank, those of one rank in the order in which they came: sort() keeps it.
    found.sort((one, other) => one.rank - other.rank);
    more ||= found.length > limit;
    found = found.slice(0, limit);
  };
  for await (const page of pages) {
    for (const entry of page) {
      if (type === undefined || entry.type === type) found.push({ entry, rank: rankOf(entry, sort) });
    }
    if (sort === "key" && found.length > limit) break;
    // No more in memory than what can still be wanted.
    if (found.length > limit + SPARE) cut();
  }
  cut();
  return { entries: found.map(({ entry }) => entry), more };
}

/** Parses a count from 1 given to an option. Raises `usage`. */
export function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= 1) return count;
  throw new RunnerError("usage", `Cannot use "${option} ${text}": it takes a whole number from 1.`);
}

/** The least comes first. */
function rankOf(entry: ShownEntry, sort: SortName): number {
  if (sort === "key") return 0;
  if (sort === "changed") return -entry.updatedAt;
  if (sort === "expires") return entry.expiresAt ?? Number.POSITIVE_INFINITY;
  const { data } = encode(entry.value, entry.key, Number.POSITIVE_INFINITY);
  return typeof data === "number" ? -8 : -data.length;
}
