import { DURATION_SYNTAX, parseDuration } from "../../lib/duration.ts";
import { RunnerError } from "../../lib/errors.ts";

/**
 * Seconds of a time to live as written on a command line. Raises `usage` when it is none, or not above zero.
 */
export function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms / 1000;
  const why = ms === 0 ? "a time to live is above zero" : `it is not ${DURATION_SYNTAX}`;
  throw new RunnerError("usage", `Cannot use "${text}" as a time to live: ${why}.`);
}
