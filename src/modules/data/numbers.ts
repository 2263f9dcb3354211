import { fromInteger, MAX_INTEGER, MIN_INTEGER } from "../../lib/value.ts";

/** Says what there is in a text for which Lua has no value. Where it is, the format finds. */
export class Misfit extends Error {}

/** Whether Lua has an integer for it. */
export function fits(integer: bigint): boolean {
  return integer >= MIN_INTEGER && integer <= MAX_INTEGER;
}

/** An integer as Lua has it. Raises `Misfit` for one beyond 64 bits: as a float it would be another number. */
export function toInteger(integer: bigint): number | bigint {
  if (!fits(integer)) throw new Misfit(unfit(String(integer)));
  return fromInteger(integer);
}

/** Whether what is written as an integer has more digits than 64 bits in any base: to read millions takes seconds. */
export function isTooLong(written: string): boolean {
  return written.length > MOST_DIGITS && written.replace(/^[-+]?(?:0[box])?[0_]*/, "").length > MOST_DIGITS;
}

const MOST_DIGITS = 200;
const SHOWN_DIGITS = 40;

/** What is wrong with an integer that Lua does not have, as it is written, and what to do. */
export function unfit(written: string): string {
  const shown = written.length > SHOWN_DIGITS ? `${written.slice(0, SHOWN_DIGITS - 3)}…` : written;
  return `the integer ${shown}: it does not fit into 64 bits. Write it as text, or as a float with a decimal point`;
}

/** A float as text that no reader takes for an integer. */
export function floatText(float: number): string {
  const text = Object.is(float, -0) ? "-0" : String(float);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
