import { type Float, fromFloat, fromInteger, MAX_INTEGER, MIN_INTEGER } from "../../lib/value.ts";

/** An integer of any size from text or a bigint; beyond 64 bits it is a float, as in Lua's own numerals. */
export function toInteger(integer: bigint): number | bigint | Float {
  return integer >= MIN_INTEGER && integer <= MAX_INTEGER ? fromInteger(integer) : fromFloat(Number(integer));
}

/** A float as text that no reader takes for an integer. */
export function floatText(float: number): string {
  const text = Object.is(float, -0) ? "-0" : String(float);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
