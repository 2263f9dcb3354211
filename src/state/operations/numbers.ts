import type { Change, Write } from "../../backends/backend.ts";
import { RunnerError } from "../../lib/errors.ts";
import {
  Float,
  fromFloat,
  fromInteger,
  isFloat,
  MAX_INTEGER,
  MIN_INTEGER,
  nameType,
} from "../../lib/value.ts";
import { decode, encode } from "../codec.ts";
import { expiryAfter } from "./entries.ts";

export type LuaNumber = number | bigint | Float;

export interface Increment {
  readonly key: string;
  readonly delta: LuaNumber;
  /** Seconds that an entry which this creates lives. */
  readonly ttl: number | undefined;
  /** As the error names it. */
  readonly verb: "increment" | "decrement";
}

/**
 * Adds to a number; absent counts as 0 and then takes the ttl. Two integers give an integer, anything else a
 * float, as in Lua, except that an integer never wraps: that raises `overflow`. Raises `not_a_number`.
 */
export function increment({ key, delta, ttl, verb }: Increment): Change<LuaNumber> {
  return ([entry], now) => {
    if (entry !== undefined && entry.value.type !== "number") {
      const why = `it holds ${nameType(entry.value.type)}, not a number`;
      throw new RunnerError("not_a_number", `Cannot ${verb} "${key}": ${why}. Set it to a number first.`);
    }
    const current = entry === undefined ? 0 : (decode(entry.value) as LuaNumber);
    const result = add(current, delta);
    if (result === undefined) {
      const why = `${String(current)} would leave the range of 64-bit integers`;
      throw new RunnerError(
        "overflow",
        `Cannot ${verb} "${key}": ${why}. Store a float such as 0.0 to go beyond.`,
      );
    }
    const expires = entry === undefined ? expiryAfter(ttl, now) : "keep";
    const write: Write = { put: encode(result, key), expires };
    return { result, writes: [write] };
  };
}

/** The number that adds what this one would take away. The negative of -2^63 is beyond 64 bits, and still right here. */
export function negate(delta: LuaNumber): LuaNumber {
  if (delta instanceof Float) return fromFloat(-delta.value);
  // 0 - 0 is 0, where -0 would not be an integer.
  return typeof delta === "bigint" ? -delta : Number.isSafeInteger(delta) ? 0 - delta : -delta;
}

/** The sum by Lua's rules; undefined when two integers leave the range of 64 bits. */
function add(a: LuaNumber, b: LuaNumber): LuaNumber | undefined {
  if (isFloat(a) || isFloat(b)) return fromFloat(toDouble(a) + toDouble(b));
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(a as number | bigint) + BigInt(b as number | bigint);
  return sum < MIN_INTEGER || sum > MAX_INTEGER ? undefined : fromInteger(sum);
}

function toDouble(number: LuaNumber): number {
  return number instanceof Float ? number.value : Number(number);
}
