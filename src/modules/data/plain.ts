import { createRecord, Float, fromFloat, MAX_DEPTH, Opaque } from "../../lib/value.ts";
import type { LuaMap, LuaRecord, LuaValue } from "../module.ts";
import { Misfit, toInteger } from "./numbers.ts";
import { TOO_DEEP, unsayable } from "./problems.ts";

/**
 * A value from what a parser gives that knows integers as bigint, floats as `Float` or number, and objects or maps.
 * Null in an object is an absent field; dates are text. Raises `Misfit`, also where it nests too deep.
 */
export function fromParsed(value: unknown, depth = 0): LuaValue {
  if (typeof value === "bigint") return toInteger(value);
  if (typeof value === "number") return fromFloat(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object" || value === null || value instanceof Float || value instanceof Uint8Array) {
    // What is left are the scalars that a parser makes: text, numbers, booleans, null.
    return value as LuaValue;
  }
  if (depth >= MAX_DEPTH) throw new Misfit(TOO_DEEP);
  const inner = (part: unknown) => fromParsed(part, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  const kept = entries.filter(([, part]) => part !== null);
  if (!kept.every(([key]) => typeof key === "string")) {
    const map: LuaMap = new Map();
    for (const [key, part] of kept) map.set(inner(key), inner(part));
    return map;
  }
  const record = createRecord() as LuaRecord;
  for (const [key, part] of kept) record[String(key)] = inner(part);
  return record;
}

/**
 * What a writer gets for a value: integers as bigint, so that they are told from floats, floats as `makeFloat` says,
 * fields in the order of their names. Raises `bad_value`, naming the path, for what has no place in a document.
 */
export function toWritable(
  format: string,
  value: LuaValue,
  makeFloat: (float: number) => unknown,
  path = "the value",
): unknown {
  const inner = (item: LuaValue, at: string) => toWritable(format, item, makeFloat, at);
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : makeFloat(value);
  if (value instanceof Float) return makeFloat(value.value);
  if (value instanceof Uint8Array) throw unsayable(format, path, "is a string that is not UTF-8");
  if (value === null && format === "TOML") throw unsayable(format, path, "is json.null");
  if (value instanceof Opaque) throw unsayable(format, path, `is ${value.what}`);
  if (Array.isArray(value)) return value.map((item: LuaValue, i) => inner(item, `${path}[${i + 1}]`));
  if (typeof value !== "object" || value === null) return value ?? null;
  if (value instanceof Map) throw unsayable(format, path, "has other keys than text or 1…n without a gap");
  const record: Record<string, unknown> = Object.create(null);
  const keys = Object.keys(value).filter((key) => format !== "TOML" || value[key] !== null);
  for (const key of keys.sort()) record[key] = inner(value[key], `${path}.${key}`);
  return record;
}
