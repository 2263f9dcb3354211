import type { Backend, Entry } from "../../backends/backend.ts";
import { sizeOfEntry } from "./diff.ts";

/** How many of each kind a survey names. */
const NAMED = 10;
/** Prefixes that are counted at a time; a store with more of them has no prefixes worth counting. */
const MOST_PREFIXES = 10_000;

/** A key with a figure: bytes, or milliseconds since the epoch. */
export interface Ranked {
  readonly key: string;
  readonly figure: number;
}

/** What is known of a store only after all of it was read. */
export interface Survey {
  /** By bytes of the value, the largest first. */
  readonly largest: readonly Ranked[];
  /** Keys and bytes of their values, up to the first `:`, `/` or `.`; most keys first. */
  readonly prefixes: readonly { readonly prefix: string; readonly keys: number; readonly bytes: number }[];
  /** By the time of their expiry, the first first. */
  readonly expiring: readonly Ranked[];
  /** Bytes of all values. */
  readonly bytes: number;
}

/** Reads all entries; `progress` is told how many since the last time. */
export async function surveyEntries(backend: Backend, progress: (entries: number) => void): Promise<Survey> {
  const largest = new Top((one, other) => other.figure - one.figure);
  const expiring = new Top((one, other) => one.figure - other.figure);
  const prefixes = new Map<string, { keys: number; bytes: number }>();
  let bytes = 0;
  for await (const page of backend.snapshot({ space: "data", prefix: "" })) {
    for (const entry of page) {
      const size = sizeOfEntry(entry);
      bytes += size;
      largest.offer({ key: entry.key, figure: size });
      if (entry.expiresAt !== undefined) expiring.offer({ key: entry.key, figure: entry.expiresAt });
      count(prefixes, entry, size);
    }
    progress(page.length);
  }
  const byKeys = [...prefixes].map(([prefix, counts]) => ({ prefix, ...counts }));
  byKeys.sort((one, other) => other.keys - one.keys);
  return { largest: largest.items, prefixes: byKeys.slice(0, NAMED), expiring: expiring.items, bytes };
}

function count(prefixes: Map<string, { keys: number; bytes: number }>, { key }: Entry, size: number): void {
  const end = key.search(/[:/.]/);
  const prefix = end < 0 ? "" : key.slice(0, end + 1);
  const counts = prefixes.get(prefix);
  if (counts === undefined) {
    if (prefixes.size < MOST_PREFIXES) prefixes.set(prefix, { keys: 1, bytes: size });
  } else {
    counts.keys++;
    counts.bytes += size;
  }
}

/** The first few by an order, of any number of them. */
class Top {
  #items: Ranked[] = [];

  constructor(private readonly order: (one: Ranked, other: Ranked) => number) {}

  get items(): readonly Ranked[] {
    return this.#items;
  }

  offer(item: Ranked): void {
    const last = this.#items[NAMED - 1];
    if (last !== undefined && this.order(item, last) >= 0) return;
    this.#items = [...this.#items, item].sort(this.order).slice(0, NAMED);
  }
}
