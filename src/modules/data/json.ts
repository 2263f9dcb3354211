import { Float, fromFloat, MAX_DEPTH, Opaque } from "../../lib/value.ts";
import { isRecord } from "../arguments.ts";
import type { LuaValue } from "../module.ts";
import { findJsonError, findUnfit } from "./json-errors.ts";
import { floatText, isTooLong, Misfit, toInteger, unfit } from "./numbers.ts";
import { badText, unsayable } from "./problems.ts";

/** Whether a text may hold numbers that JavaScript alone would not keep as they are: floats, or 16 digits and more. */
const DELICATE = /\d[.eE]|\d{16}|-0/;
/** Whether there may be half of a surrogate pair in a text, for which UTF-8 has no bytes. */
const HALF = /\\u[dD][89a-fA-F]/;

/**
 * A value from JSON: integers whole up to 64 bits, floats as floats, null in an object as an absent field, null
 * elsewhere as null. Raises `bad_value` with line and column.
 */
export function decodeJson(text: string): LuaValue {
  const bare = text.startsWith("\ufeff") ? text.slice(1) : text;
  let value: unknown;
  try {
    value = DELICATE.test(bare) ? JSON.parse(bare, reviveNumber) : JSON.parse(bare);
  } catch (error) {
    // Nested too deep, or an integer that Lua does not have.
    const known = error instanceof RangeError || error instanceof Misfit;
    const found = known ? findUnfit(bare) : findJsonError(bare);
    throw badText("JSON", bare, found?.offset ?? 0, found?.problem ?? "it is not JSON");
  }
  const half = HALF.test(bare) ? findUnfit(bare) : undefined;
  if (half !== undefined) throw badText("JSON", bare, half.offset, half.problem);
  // A document of JSON has nothing but what Lua has a value for.
  const settled = value as LuaValue;
  if (!settle(settled, 0)) {
    const { offset = 0, problem = "" } = findUnfit(bare) ?? {};
    throw badText("JSON", bare, offset, problem);
  }
  return settled;
}

function reviveNumber(_key: string, part: unknown, context?: { source?: string }): unknown {
  if (typeof part !== "number") return part;
  const source = context?.source ?? String(part);
  if (!/^-?\d+$/.test(source) || source === "-0") return fromFloat(part);
  if (isTooLong(source)) throw new Misfit(unfit(source));
  return toInteger(BigInt(source));
}

/** Takes the nulls out of objects, in place; whether it nests no deeper than a value may. */
function settle(value: LuaValue, depth: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Float) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item: LuaValue) => settle(item, depth + 1));
  if (!isRecord(value)) return true;
  for (const key of Object.keys(value)) {
    if (value[key] === null) delete value[key];
    else if (!settle(value[key], depth + 1)) return false;
  }
  return true;
}

/**
 * JSON of a value, its fields in the order of their names. Raises `bad_value`, naming the path, for what JSON cannot
 * say: functions, bytes, nan, tables with other keys than text or 1…n.
 */
export function encodeJson(value: LuaValue, indent?: number | string): string {
  return JSON.stringify(toJson(value, "the value"), undefined, indent);
}

function toJson(value: LuaValue, path: string): unknown {
  switch (typeof value) {
    case "bigint":
      return JSON.rawJSON(String(value));
    case "number":
      return Number.isSafeInteger(value) ? value : float(value, path);
    case "undefined":
      return null;
    case "object":
      return objectToJson(value, path);
    default:
      return value;
  }
}

function objectToJson(value: Extract<LuaValue, object | null>, path: string): unknown {
  if (value === null) return null;
  if (value instanceof Float) return float(value.value, path);
  if (value instanceof Uint8Array)
    throw unsayable(
      "JSON",
      path,
      "is a string that is not UTF-8. Encode it, such as by crypto.base64_encode",
    );
  if (value instanceof Opaque) throw unsayable("JSON", path, `is ${value.what}`);
  if (Array.isArray(value)) return value.map((item: LuaValue, i) => toJson(item, `${path}[${i + 1}]`));
  if (value instanceof Map) throw unsayable("JSON", path, "has other keys than text or 1…n without a gap");
  const record: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value).sort()) record[key] = toJson(value[key], `${path}.${key}`);
  return record;
}

function float(number: number, path: string): unknown {
  if (Number.isFinite(number)) return JSON.rawJSON(floatText(number));
  throw unsayable("JSON", path, `is ${Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf"}`);
}
