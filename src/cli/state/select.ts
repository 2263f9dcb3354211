import { RunnerError } from "../../lib/errors.ts";
import type { ValueType } from "../../lib/value.ts";
import { encode } from "../../state/codec.ts";
import type { ShownEntry } from "../../state/store.ts";

export type SortName = "key" | "size" | "changed" | "expires";

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
  const found: ShownEntry[] = [];
  for await (const page of pages) {
    for (const entry of page) if (type === undefined || entry.type === type) found.push(entry);
    if (sort === "key" && found.length > limit) break;
  }
  if (sort !== "key") {
    const ranked = found.map((entry) => ({ entry, rank: rankOf(entry, sort) }));
    ranked.sort((one, other) => one.rank - other.rank);
    found.splice(0, found.length, ...ranked.map(({ entry }) => entry));
  }
  return { entries: found.slice(0, limit), more: found.length > limit };
}

/** Parses a count from 1 given to an option. Raises `usage`. */
export function parseCount(text: string, option: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= 1) return count;
  throw new RunnerError("usage", `Cannot use "${option} ${text}": it takes a whole number from 1.`);
}

/** The least comes first. */
function rankOf(entry: ShownEntry, sort: Exclude<SortName, "key">): number {
  if (sort === "changed") return -entry.updatedAt;
  if (sort === "expires") return entry.expiresAt ?? Number.POSITIVE_INFINITY;
  const { data } = encode(entry.value, entry.key, Number.POSITIVE_INFINITY);
  return typeof data === "number" ? -8 : -data.length;
}
