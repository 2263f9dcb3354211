import type { Change } from "../backends/backend.ts";
import { RunnerError } from "../lib/errors.ts";
import { nameType } from "../lib/value.ts";
import { decode, encode } from "./codec.ts";
import { expiryAfter, keep } from "./operations/entries.ts";

export interface RateLimit {
  readonly key: string;
  /** Calls that a window allows. */
  readonly max: number;
  /** Seconds that a window lasts from its first call. */
  readonly window: number;
}

/** What came of one call. */
export interface Allowance {
  readonly allowed: boolean;
  /** Calls that the window still allows. */
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetAfter: number;
}

/**
 * Counts one call against a limit. The count is a number that expires with its window; a call that is refused changes
 * nothing. Raises `not_a_number` when the key holds something else.
 */
export function rateLimit({ key, max, window }: RateLimit): Change<Allowance> {
  return ([entry], now) => {
    const used = entry === undefined ? 0 : Number(decode(entry.value));
    if (entry !== undefined && (entry.value.type !== "number" || !Number.isFinite(used))) {
      throw new RunnerError(
        "not_a_number",
        `Cannot count "${key}": it holds ${nameType(entry.value.type)}, not a count. Use a key of its own for a limit.`,
      );
    }
    const ends = entry?.expiresAt ?? (expiryAfter(window, now) as number);
    const resetAfter = (ends - now) / 1000;
    if (used >= max) return { result: { allowed: false, remaining: 0, resetAfter } };
    const result = { allowed: true, remaining: max - used - 1, resetAfter };
    const count = encode(used + 1, key);
    const write = entry?.expiresAt === undefined ? { put: count, expires: ends } : keep(count);
    return { result, writes: [write] };
  };
}
