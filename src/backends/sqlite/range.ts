import type { Space } from "../backend.ts";
import { compareKeys, prefixEnd } from "../order.ts";

/** Keys of a space from `from` (inclusive) to `to` (exclusive). */
export interface KeyRange {
  readonly space: Space;
  readonly from: string;
  readonly to: string | Uint8Array;
}

/** The least key above another: keys hold no NUL. */
export function above(key: string): string {
  return `${key}\u0001`;
}

/** The keys that start with a prefix and are above `after`. */
export function rangeOf({
  space,
  prefix,
  after,
}: {
  space: Space;
  prefix: string;
  after?: string;
}): KeyRange {
  const from = after !== undefined && compareKeys(after, prefix) >= 0 ? above(after) : prefix;
  // SQLite sorts any bytes above any text.
  return { space, from, to: prefixEnd(prefix) ?? new Uint8Array(0) };
}
