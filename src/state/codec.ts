import type { Encoded } from "../backends/backend.ts";
import { Repeated } from "../backends/repeated.ts";
import { RunnerError } from "../lib/errors.ts";
import {
  Constant,
  Float,
  MAX_DEPTH,
  MAX_INTEGER,
  MIN_INTEGER,
  type Value,
  type ValueType,
} from "../lib/value.ts";
import { bytesToText, floatText, fromTagged, parseNumber, toTagged } from "./tagged.ts";
import { checkStorable, isRecord, unstorable } from "./unstorable.ts";

/** Bytes that an encoded value may have unless configured otherwise: 64 MiB. */
export const DEFAULT_VALUE_BYTES = 64 * 1024 * 1024;

/**
 * The form in which a value is stored (see `Encoded`). `name` is what errors call the value, usually its key.
 * Raises `bad_value` for what cannot be stored, `too_large` above `maxBytes`.
 */
export function encode(value: unknown, name: string, maxBytes = DEFAULT_VALUE_BYTES): Encoded {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw unstorable(name, value);
      return limited({ type: "string", data: value }, name, maxBytes);
    case "number":
      return { type: "number", data: encodeFloat(value) };
    case "boolean":
      return { type: "boolean", data: value ? 1 : 0 };
    case "bigint":
      if (value < MIN_INTEGER || value > MAX_INTEGER) throw unstorable(name, value);
      return { type: "number", data: encodeInteger(value) };
    case "object":
      return limited(encodeObject(value, name, maxBytes), name, maxBytes);
    default:
      throw unstorable(name, value);
  }
}

/** The value that `encode` was given. Raises `damaged` when the stored form is none that it produces. */
export function decode(encoded: Encoded): Value {
  const { type, data } = encoded;
  try {
    switch (type) {
      case "string":
        return data;
      case "bytes":
        // A copy: the receiver may change it, and a backend in memory gives what it holds.
        return (data as Uint8Array).slice();
      case "boolean":
        return data === 1;
      case "number":
        return typeof data === "string" ? parseNumber(data) : (data as number);
      case "list":
      case "table":
        return typeof data === "string" ? JSON.parse(data) : fromTagged(data as Uint8Array);
    }
  } catch (cause) {
    throw new RunnerError(
      "damaged",
      `Cannot read a stored ${type}: it is not in the form that runner writes.`,
      {
        cause,
      },
    );
  }
}

/** As `decode`; but what a backend gives again is the same constant each time. */
export function decodeOnce(encoded: Encoded): Value | Constant {
  if (!(encoded instanceof Repeated)) return decode(encoded);
  encoded.constant ??= new Constant(decode(encoded));
  return encoded.constant;
}

/** The type of a value as users see it. */
export function typeOf(value: Value): ValueType {
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "boolean";
    case "number":
    case "bigint":
      return "number";
    default:
      if (value instanceof Float) return "number";
      if (value instanceof Uint8Array) return bytesToText(value) === undefined ? "bytes" : "string";
      return Array.isArray(value) ? "list" : "table";
  }
}

function encodeFloat(value: number): number | string {
  // Adding zero turns -0, which as a bare number reads as the integer 0, into it.
  return Number.isFinite(value) ? value + 0 : floatText(value);
}

function encodeInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function encodeObject(value: object | null, name: string, maxBytes: number): Encoded {
  if (value instanceof Uint8Array) {
    const text = bytesToText(value);
    // A copy: the caller's buffer may be a window into memory that changes.
    return text === undefined ? { type: "bytes", data: value.slice() } : { type: "string", data: text };
  }
  if (value instanceof Float) {
    const { value: float } = value;
    return { type: "number", data: Number.isSafeInteger(float) ? floatText(float) : encodeFloat(float) };
  }
  if (value instanceof Map && value.size === 0) return { type: "table", data: "{}" };
  const type = Array.isArray(value) ? "list" : "table";
  nodes = 0;
  if (value !== null && isPlain(value, 1, maxBytes)) {
    const json = JSON.stringify(value);
    // JSON writes a lone surrogate, and nothing else but a backslash and "ud" in the text, like this.
    if (json.includes("\\ud")) checkStorable(value, name);
    return { type, data: json };
  }
  if (nodes > maxBytes) throw tooLarge(name, maxBytes);
  checkStorable(value, name);
  return { type, data: new TextEncoder().encode(JSON.stringify(toTagged(value as Value))) };
}

/** Items that the current `isPlain` has seen: a table that holds another twice, and so on, grows exponentially. */
let nodes = 0;

/** Whether JSON text says this table whole. */
function isPlain(table: object, depth: number, maxNodes: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(table)) {
    for (let i = 0; i < table.length; i++) if (!isPlainItem(table[i], depth, maxNodes)) return false;
    return true;
  }
  if (!isRecord(table)) return false;
  for (const key in table) if (!isPlainItem(table[key], depth, maxNodes)) return false;
  return true;
}

function isPlainItem(item: unknown, depth: number, maxNodes: number): boolean {
  if (++nodes > maxNodes) return false;
  switch (typeof item) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(item);
    case "object":
      return item !== null && isPlain(item, depth + 1, maxNodes);
    default:
      return false;
  }
}

function limited(encoded: Encoded, name: string, maxBytes: number): Encoded {
  const { data } = encoded;
  if (typeof data === "number") return encoded;
  // No UTF-16 unit takes more than three bytes: most texts need no counting.
  if (data.length * 3 <= maxBytes) return encoded;
  const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  if (bytes > maxBytes) throw tooLarge(name, maxBytes, bytes);
  return encoded;
}

function tooLarge(name: string, maxBytes: number, bytes?: number): RunnerError {
  const size = bytes === undefined ? "it takes" : `it takes ${bytes.toLocaleString("en")} bytes,`;
  return new RunnerError(
    "too_large",
    `Cannot store "${name}": ${size} more than ${maxBytes.toLocaleString("en")} bytes. ` +
      "Split it over several keys, or raise state.max_value.",
  );
}
