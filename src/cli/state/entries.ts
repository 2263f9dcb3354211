import type { ShownEntry, Store } from "../../state/store.ts";
import { toPlain } from "../json.ts";

interface Wanted {
  readonly prefix: string;
  readonly after: string | undefined;
  /** Told of the keys whose values are damaged, which are left out. */
  readonly damaged: (key: string) => void;
}

/** All entries whose key begins with `prefix`, literally, and is above `after`, page by page, in byte order. */
export async function* entriesWithPrefix(
  store: Store,
  { prefix, after, damaged }: Wanted,
): AsyncGenerator<readonly ShownEntry[]> {
  const pattern = `${prefix.replace(/[*?[\]\\]/g, "\\$&")}*`;
  let next = after;
  do {
    const page = await store.scan(pattern, { damaged, ...(next !== undefined && { after: next }) });
    yield page.entries;
    next = page.after;
  } while (next !== undefined);
}

/**
 * An entry as `list -o json` and `show -o json` give it. `ttl` is whole seconds left or null, `updated_at`
 * UTC by ISO 8601; the value of a masked entry is null, which no stored value is.
 */
export function entryToJson(entry: ShownEntry, { masked = false } = {}): Readonly<Record<string, unknown>> {
  return {
    key: entry.key,
    value: masked ? null : toPlain(entry.value),
    type: entry.type,
    revision: entry.revision,
    ttl: entry.ttl ?? null,
    updated_at: new Date(entry.updatedAt).toISOString(),
  };
}

/** A time in ms since the epoch as people of this machine's time zone write it: `2026-11-21 20:14:07`. */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  const two = (part: number) => String(part).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")}`;
}
