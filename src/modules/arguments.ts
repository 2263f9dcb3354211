import { RunnerError } from "../lib/errors.ts";
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
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  }
  return typeof value === "object" ? "a table" : String(value);
}
