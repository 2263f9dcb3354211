import { node } from "../lib/node.ts";
import { createRecord, Float, fromInteger, type Value, type ValueKey, type ValueMap } from "../lib/value.ts";

/*
 * The form of tables that plain JSON cannot say: JSON in which an object with exactly one key that starts with
 * `$` stands for something else:
 *   {"$int":"9223372036854775807"}  {"$float":"1.0"|"-0.0"|"nan"|"inf"|"-inf"}  {"$bytes":"<base64>"}
 *   {"$map":[[key,value],…]}        any table; also one that itself has one such key
 */
type Json = string | number | boolean | Json[] | { [key: string]: Json };

/** A float in decimal where a JSON number would lose it: integral ones, -0, nan and infinities. */
export function floatText(float: number): string {
  if (Number.isNaN(float)) return "nan";
  if (!Number.isFinite(float)) return float > 0 ? "inf" : "-inf";
  return Object.is(float, -0) ? "-0.0" : `${float}.0`;
}

/** The number that a decimal text stands for: nan, inf, -inf, a float with its ".0", or a 64-bit integer. */
export function parseNumber(text: string): number | bigint | Float {
  if (text === "nan") return Number.NaN;
  if (text === "inf") return Number.POSITIVE_INFINITY;
  if (text === "-inf") return Number.NEGATIVE_INFINITY;
  return text.includes(".") ? new Float(Number(text)) : fromInteger(BigInt(text));
}

/** The text that bytes stand for; undefined when they are not UTF-8. */
export function bytesToText(bytes: Uint8Array): string | undefined {
  return node.buffer.isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    : undefined;
}

/** A storable value as tagged JSON. */
export function toTagged(value: Value): Json {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? value : { $float: floatText(value) };
    case "bigint": {
      const integer = fromInteger(value);
      return typeof integer === "number" ? integer : { $int: integer.toString() };
    }
    case "object":
      return tagObject(value);
    default:
      return value;
  }
}

/** The value of tagged JSON in UTF-8. Raises what `JSON.parse` and `BigInt` raise when it is none. */
export function fromTagged(json: Uint8Array): Value {
  return untag(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json)));
}

function tagObject(value: Exclude<Value, string | number | bigint | boolean>): Json {
  if (value instanceof Float) {
    return Number.isSafeInteger(value.value) ? { $float: floatText(value.value) } : toTagged(value.value);
  }
  if (value instanceof Uint8Array) return bytesToText(value) ?? { $bytes: value.toBase64() };
  if (Array.isArray(value)) return value.map(toTagged);
  if (value instanceof Map) return tagEntries([...value]);
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0]?.startsWith("$")) return tagEntries(Object.entries(value));
  const tagged: { [key: string]: Json } = Object.create(null);
  for (const key of keys) tagged[key] = toTagged(value[key] as Value);
  return tagged;
}

function tagEntries(entries: readonly (readonly [ValueKey, Value])[]): Json {
  return { $map: entries.map(([key, item]) => [toTagged(key), toTagged(item)]) };
}

function untag(json: Json): Value {
  if (typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map(untag);
  const keys = Object.keys(json);
  const [tag] = keys;
  if (keys.length === 1 && tag?.startsWith("$")) return untagOne(tag, json[tag] as Json);
  const record = createRecord();
  for (const key of keys) record[key] = untag(json[key] as Json);
  return record;
}

function untagOne(tag: string, content: Json): Value {
  if (tag === "$map" && Array.isArray(content)) return untagEntries(content);
  if (typeof content === "string") {
    if (tag === "$int" || tag === "$float") return parseNumber(content);
    if (tag === "$bytes") return Uint8Array.fromBase64(content);
  }
  throw new SyntaxError(`unknown tag ${tag}`);
}

/** A `$map` as a Map, or as an object when all its keys are text (it was escaped for a key with `$`). */
function untagEntries(entries: Json[]): Value {
  const map: ValueMap = new Map();
  let textOnly = entries.length > 0;
  for (const entry of entries) {
    const [key, item] = entry as [Json, Json];
    const untagged = untag(key) as ValueKey;
    if (typeof untagged !== "string") textOnly = false;
    map.set(untagged, untag(item));
  }
  if (!textOnly) return map;
  const record = createRecord();
  for (const [key, item] of map) record[key as string] = item;
  return record;
}
