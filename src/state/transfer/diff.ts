import type { Backend, Entry, ListedEntry } from "../../backends/backend.ts";
import { sameEncoded } from "../../backends/load.ts";

/** What an import would do to one key. */
export interface Difference {
  readonly key: string;
  readonly old?: Entry;
  readonly next?: Omit<Entry, "revision">;
}

/** What an import would come to, as `Loaded` says what one has. */
export interface Comparison {
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  readonly removed: number;
}

/** Keys that are looked up at a time. */
const BATCH = 500;

export interface CompareOptions {
  /** Whether keys that the import lacks go. */
  readonly replace: boolean;
  /** Told of each difference, in the order of the import. */
  readonly each: (difference: Difference) => void;
}

/** Compares what would be imported with the `data` space, and changes nothing. */
export async function compareImport(
  backend: Backend,
  entries: Iterable<Omit<Entry, "revision">>,
  { replace, each }: CompareOptions,
): Promise<Comparison> {
  const counts = { added: 0, changed: 0, same: 0, removed: 0 };
  const seen = new Set<string>();
  const compare = async (batch: readonly Omit<Entry, "revision">[]) => {
    const old = await backend.read(batch.map(({ key }) => ({ space: "data", key })));
    for (const [place, next] of batch.entries()) {
      const existing = old[place];
      if (existing === undefined) counts.added++;
      else if (existing.expiresAt === next.expiresAt && sameEncoded(existing.value, next.value)) {
        counts.same++;
        continue;
      } else counts.changed++;
      each({ key: next.key, next, ...(existing === undefined ? {} : { old: existing }) });
    }
  };
  let batch: Omit<Entry, "revision">[] = [];
  for (const entry of entries) {
    if (replace) seen.add(entry.key);
    batch.push(entry);
    if (batch.length < BATCH) continue;
    await compare(batch);
    batch = [];
  }
  await compare(batch);
  if (!replace) return counts;
  for await (const page of backend.snapshot({ space: "data", prefix: "" })) {
    for (const old of page) {
      if (seen.has(old.key)) continue;
      counts.removed++;
      each({ key: old.key, old });
    }
  }
  return counts;
}

/** The size of an entry's value, in bytes or, for text beyond ASCII, a little less. */
export function sizeOfEntry({ value }: Pick<ListedEntry, "value">): number {
  const data = value?.data;
  if (data === undefined) return 0;
  return typeof data === "number" ? 8 : data.length;
}
