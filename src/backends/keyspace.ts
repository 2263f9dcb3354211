import type { Encoded, Entry } from "./backend.ts";
import { compareKeys } from "./order.ts";

/** Entries by key in memory, with their byte order. Knows nothing of expiry. */
export class Keyspace {
  readonly #entries = new Map<string, Entry>();
  /** In byte order; made again when asked for after a key came or went. */
  #sorted: readonly string[] | undefined = [];
  #bytes = 0;

  /** What keys and values have together. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  set(entry: Entry): void {
    const old = this.#entries.get(entry.key);
    if (old === undefined) this.#sorted = undefined;
    this.#bytes += sizeOf(entry.key, entry.value) - (old ? sizeOf(old.key, old.value) : 0);
    this.#entries.set(entry.key, entry);
  }

  delete(key: string): void {
    const old = this.#entries.get(key);
    if (old === undefined) return;
    this.#entries.delete(key);
    this.#sorted = undefined;
    this.#bytes -= sizeOf(key, old.value);
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Entries whose key starts with `prefix` and is above `after`, in byte order. */
  *range(prefix: string, after = ""): Generator<Entry> {
    this.#sorted ??= [...this.#entries.keys()].sort(compareKeys);
    const keys = this.#sorted;
    for (let at = firstAbove(keys, prefix, after); at < keys.length; at++) {
      const key = keys[at] as string;
      if (!key.startsWith(prefix)) return;
      const entry = this.#entries.get(key);
      if (entry !== undefined) yield entry;
    }
  }
}

/** The first place whose key is at least `prefix` and above `after`. */
function firstAbove(keys: readonly string[], prefix: string, after: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = keys[middle] as string;
    if (compareKeys(key, prefix) < 0 || compareKeys(key, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** About the bytes that a key and its value take. */
export function sizeOf(key: string, { data }: Encoded): number {
  return key.length + (typeof data === "number" ? 8 : data.length);
}
