import { RunnerError } from "../lib/errors.ts";
import { formatNumber } from "../lib/number.ts";
import { Float, Opaque } from "../lib/value.ts";
import type { LuaRecord, LuaValue } from "./module.ts";

/**
 * The error for an argument that its schema alone cannot refuse; `index` counts from 0. It says, such as:
 * `state.lock: argument 3 (seconds): expected a number of seconds, got nothing`.
 */
export function wrongArgument(
  callee: string,
  { index, name }: { readonly index: number; readonly name: string },
  expected: string,
  value: LuaValue,
): RunnerError {
  return new RunnerError(
    "bad_argument",
    `${callee}: argument ${index + 1} (${name}): expected ${expected}, got ${describe(value)}`,
  );
}

/** A Lua number of any subtype as a JavaScript number; 64-bit integers are rounded. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === "number") return value;
  if (value instanceof Float) return value.value;
  return typeof value === "bigint" ? Number(value) : undefined;
}

/** What other programs get as text. */
export type Scalar = string | number | bigint | boolean | Float;

/** Whether a value is text, a number or a boolean. */
export function isScalar(value: LuaValue): value is Scalar {
  return ["string", "number", "bigint", "boolean"].includes(typeof value) || value instanceof Float;
}

/** A value as text: numbers in full, whatever their subtype. */
export function toText(value: Scalar): string {
  if (typeof value === "number" && !Number.isFinite(value)) return formatNumber(value);
  return String(value instanceof Float ? value.value : value);
}

/** Names and texts in the order of the names: that of a Lua table is another one each time. */
export function toTexts(record: Readonly<Record<string, Scalar>>): [string, string][] {
  const names = Object.keys(record).sort();
  return names.flatMap((name) => {
    const value = record[name];
    return value === undefined ? [] : [[name, toText(value)]];
  });
}

/** Whether a value is a table that has string keys only, the empty table included. */
export function isRecord(value: LuaValue): value is LuaRecord {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Opaque) &&
    !(value instanceof Float) &&
    !(value instanceof Uint8Array)
  );
}

/** A value as an error message shows it: short ones whole, others by their type. */
export function describe(value: LuaValue): string {
  if (value === undefined) return "nothing";
  if (value === null) return "json.null";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "a long string";
  if (value instanceof Uint8Array) return "a string that is not UTF-8";
  if (value instanceof Opaque) return value.what;
  if (value instanceof Float) return String(value.value);
  if (typeof value === "number" && !Number.isFinite(value)) return formatNumber(value);
  return typeof value === "object" ? "a table" : String(value);
}
