import { RunnerError } from "../lib/errors.ts";
import {
  createRecord,
  Float,
  fromFloat,
  fromInteger,
  MAX_INTEGER,
  MIN_INTEGER,
  type Value,
  type ValueKey,
} from "../lib/value.ts";
import { parseNumber } from "../state/tagged.ts";

/*
 * Values as JSON, without loss, in both directions. What JSON says is plain JSON; a float keeps its point (`1.0`),
 * so that it does not come back as an integer. The rest is an object with one key:
 *
 *   {"$int":"9223372036854775807"}   an integer beyond ±(2^53 - 1), which many readers would round
 *   {"$float":"nan"}                 nan, inf, -inf
 *   {"$bytes":"/w=="}                a string that is not UTF-8, in base64
 *   {"$map":[[key,value],…]}         a table with other keys than UTF-8 strings or 1…n, or that reads like these
 */
const TAGS = ["$int", "$float", "$bytes", "$map"];

/** Text that goes into a JSON document as it is; the types of JavaScript do not know it yet. */
declare global {
  interface JSON {
    rawJSON(text: string): object;
  }
}

/** What `JSON.stringify` turns into the value's JSON. */
export function toPlain(value: Value): unknown {
  if (typeof value === "bigint") return { $int: String(value) };
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : plainFloat(value);
  if (typeof value !== "object") return value;
  if (value instanceof Float) return plainFloat(value.value);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Map) return plainMap([...value]);
  const entries = Object.entries(value);
  if (entries.length === 1 && TAGS.includes(entries[0]?.[0] ?? "")) return plainMap(entries);
  const record: Record<string, unknown> = Object.create(null);
  for (const [key, inner] of entries) record[key] = toPlain(inner);
  return record;
}

function plainFloat(float: number): unknown {
  if (Number.isNaN(float)) return { $float: "nan" };
  if (!Number.isFinite(float)) return { $float: float > 0 ? "inf" : "-inf" };
  const text = Object.is(float, -0) ? "-0" : String(float);
  return JSON.rawJSON(/^-?\d+$/.test(text) ? `${text}.0` : text);
}

function plainMap(entries: readonly [ValueKey, Value][]): unknown {
  return { $map: entries.map(([key, value]) => [toPlain(key), toPlain(value)]) };
}

/**
 * A value from JSON text; the reverse of `toPlain`. A number without point and exponent is an integer, whole
 * up to 64 bits; null in an object leaves the field out. Raises `bad_value` for what is not JSON or no value.
 */
export function parseJson(text: string): Value {
  let result: unknown;
  try {
    result = JSON.parse(text, revive);
  } catch (error) {
    if (error instanceof RunnerError) throw error;
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw bad(
      `Cannot read ${shown.trim() || "nothing"} as JSON: it is not. A text needs its own quotes: '"text"'`,
    );
  }
  if (result === null || result === undefined)
    throw bad("Cannot store null: a key has a value or is absent.");
  // `revive` made every part of it a value; a null within an array is for the store to refuse, with its place.
  return result as Value;
}

/** Runs for every part of a document, the innermost first; undefined leaves a field out. */
function revive(this: unknown, _key: string, part: unknown, context?: { source?: string }): unknown {
  if (part === null) return Array.isArray(this) ? null : undefined;
  if (typeof part === "number") return number(context?.source ?? String(part));
  if (typeof part !== "object" || isMade(part)) return part;
  const entries = Object.entries(part);
  const [first] = entries;
  if (first !== undefined && entries.length === 1 && TAGS.includes(first[0]))
    return untag(first[0], first[1]);
  return Object.assign(createRecord(), part);
}

/** Whether an inner step has already made this part a value. */
function isMade(part: object): boolean {
  return Array.isArray(part) || part instanceof Map || part instanceof Float || part instanceof Uint8Array;
}

function number(source: string): number | bigint | Float {
  return /^-?\d+$/.test(source) && source !== "-0" ? integer(source) : fromFloat(Number(source));
}

function integer(text: string): number | bigint {
  const exact = BigInt(text);
  if (exact >= MIN_INTEGER && exact <= MAX_INTEGER) return fromInteger(exact);
  throw bad(
    `Cannot read ${text} as JSON: it does not fit into 64 bits. With a point it is a float: ${text}.0`,
  );
}

function untag(tag: string, content: unknown): Value {
  if (tag === "$map" && Array.isArray(content) && content.every(isPair)) return fromEntries(content);
  if (typeof content === "string") {
    if (tag === "$int" && /^-?\d+$/.test(content)) return integer(content);
    if (tag === "$float" && FLOAT.test(content)) return parseNumber(content);
    if (tag === "$bytes" && isBase64(content)) return new Uint8Array(Buffer.from(content, "base64"));
  }
  throw bad(
    `Cannot read {"${tag}":…} as JSON: what it holds is not of that kind. See: runner state set --help`,
  );
}

/** What `{"$float":…}` may hold. */
const FLOAT = /^(nan|-?inf|-?\d+\.\d+)$/;

/**
 * A table of any keys; an object when they are all text, which a table that reads like a tag is written for.
 */
function fromEntries(entries: [ValueKey, Value][]): Value {
  const record = createRecord();
  for (const [key, value] of entries) {
    if (typeof key !== "string") return new Map(entries);
    record[key] = value;
  }
  return record;
}

function isPair(part: unknown): part is [ValueKey, Value] {
  return Array.isArray(part) && part.length === 2;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function bad(message: string): RunnerError {
  return new RunnerError("bad_value", message);
}
