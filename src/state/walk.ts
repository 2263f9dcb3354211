import type { Backend, ListedEntry } from "../backends/backend.ts";
import { type Awaitable, chain, repeat } from "../lib/awaitable.ts";
import type { Pattern } from "./pattern.ts";

/** Entries that a walk asks its backend for at a time. */
const PAGE = 1000;

/** Which entries of the `data` space a walk visits. */
export interface Range extends Pattern {
  readonly values: boolean;
  /** How many at most; all without one. */
  readonly limit?: number;
  /** The key to begin behind. */
  readonly after?: string;
}

/**
 * Hands the live entries of a range to `each`, in byte order of their keys, page by page; the last key when there were as
 * many as the limit, and there may be more.
 */
export function walk(
  backend: Backend,
  range: Range,
  each: (entry: ListedEntry) => void,
): Awaitable<string | undefined> {
  const { prefix, matches, values, limit = Number.POSITIVE_INFINITY } = range;
  const size = Math.min(limit, PAGE);
  let after = range.after;
  let [found, last]: [number, string | undefined] = [0, undefined];
  let seen = 0;
  const walked = repeat(() => {
    const from = after === undefined ? {} : { after };
    return chain(backend.scan({ space: "data", prefix, limit: size, values, ...from }), (entries) => {
      for (const entry of entries) {
        if (found >= limit || !matches(entry.key)) continue;
        each(entry);
        [found, last] = [found + 1, entry.key];
      }
      after = entries.at(-1)?.key;
      seen += entries.length;
      return entries.length === size && found < limit;
    });
  });
  const checked = chain(walked, () => {
    const whole = prefix === "" && range.after === undefined && found < limit;
    return whole ? backend.checkListed?.(seen) : undefined;
  });
  return chain(checked, () => (found === limit ? last : undefined));
}

/** Whether two listings have the same keys with the same revisions. */
export function isSameListing(a: readonly ListedEntry[], b: readonly ListedEntry[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ key, revision }, place) => key === b[place]?.key && revision === b[place]?.revision)
  );
}
