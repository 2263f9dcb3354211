import { parseDuration } from "../lib/duration.ts";
import { RunnerError } from "../lib/errors.ts";
import { formatNumber } from "../lib/number.ts";

/** A moment in the life of a store: as of a revision, or of a time in ms since the epoch. */
export type Moment = { readonly revision: number } | { readonly time: number };

/**
 * Numbers below it are revisions, from it on seconds since the epoch: 1e9 s was in 2001, and a store that writes a
 * thousand times a second has its billionth revision after eleven days without a pause.
 */
const FIRST_TIME = 1e9;

/**
 * A moment as people and scripts write it: a number (a revision below a billion, else seconds since the epoch), a date
 * by ISO 8601, or a span such as "2h", which is that long before `now` (ms since the epoch). Raises `bad_argument`.
 */
export function parseMoment(input: string | number, now: number): Moment {
  const number = typeof input === "number" ? input : /^\d+(\.\d+)?$/.test(input) ? Number(input) : undefined;
  if (number !== undefined && number >= FIRST_TIME) return { time: number * 1000 };
  if (number !== undefined && number >= 0 && Number.isInteger(number)) return { revision: number };
  if (typeof input === "string" && number === undefined) {
    const span = parseDuration(input);
    if (span !== undefined) return { time: now - span };
    const time = /^\d{4}-\d\d-\d\d/.test(input) ? Date.parse(input.replace(" ", "T")) : Number.NaN;
    if (!Number.isNaN(time)) return { time };
  }
  throw new RunnerError(
    "bad_argument",
    `Cannot use ${typeof input === "number" ? formatNumber(input) : JSON.stringify(input)} as a moment: expected a revision, a date such as 2026-11-21T20:14:07Z, ` +
      'seconds since the epoch, or how long ago it is, such as "2h".',
  );
}
