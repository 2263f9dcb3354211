import { RunnerError } from "../../lib/errors.ts";
import { fromInteger, MAX_INTEGER, MIN_INTEGER } from "../../lib/value.ts";

/** Whether Lua has an integer for it. */
export function fits(integer: bigint): boolean {
  return integer >= MIN_INTEGER && integer <= MAX_INTEGER;
}

/** An integer as Lua has it. Raises `bad_value` for one beyond 64 bits: as a float it would be another number. */
export function toInteger(integer: bigint): number | bigint {
  if (fits(integer)) return fromInteger(integer);
  const digits = String(integer);
  const shown = digits.length > 40 ? `${digits.slice(0, 37)}…` : digits;
  throw new RunnerError("bad_value", `Cannot read the integer ${shown}: ${UNFIT}.`);
}

/** What is wrong with an integer beyond 64 bits, and what to do. */
export const UNFIT = "it does not fit into 64 bits. Write it as text, or as a float with a decimal point";

/** A float as text that no reader takes for an integer. */
export function floatText(float: number): string {
  const text = Object.is(float, -0) ? "-0" : String(float);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
