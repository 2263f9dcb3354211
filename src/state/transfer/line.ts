import type { Encoded, Entry } from "../../backends/backend.ts";
import { RunnerError } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/suggest.ts";
import { VALUE_TYPES, type Value, type ValueType } from "../../lib/value.ts";
import { encode } from "../codec.ts";
import { checkKey } from "../key.ts";
import { fromTagged, parseNumber } from "../tagged.ts";

/*
 * An export is JSON lines: a header, one line for each entry in byte order of the keys, and an end by which a reader
 * notices that something is missing or was changed:
 *
 *   {"runner":"export","format":1,"revision":48211,"exported_at":"2026-11-21T20:14:07.000Z"}
 *   {"key":"deploy:version","type":"string","value":"v1.3.0","revision":48190,"created_at":"…","updated_at":"…"}
 *   {"end":true,"entries":1,"sha256":"…"}
 *
 * `value` is plain JSON; bytes are in base64, and a number that JSON would round or turn into another kind is text
 * ("1.0", "9223372036854775807", "nan"). Tables that plain JSON cannot say have `tagged` in its place (state/tagged.ts).
 * `expires_at` stands only where there is an expiry. The hash is that of all bytes before the last line.
 */

/** The format that this version writes, and the newest that it reads. */
export const FORMAT = 1;

/** What the first line says. */
export interface Header {
  /** The store's revision when it was exported. */
  readonly revision: number;
}

/** What the last line says. */
export interface End {
  readonly entries: number;
  /** In hex. */
  readonly sha256: string;
}

/** Pure: the first line; `now` in ms since the epoch. */
export function headerLine({ revision }: Header, now: number): string {
  const exported_at = new Date(now).toISOString();
  return JSON.stringify({ runner: "export", format: FORMAT, revision, exported_at });
}

/** Pure: the line of an entry. Raises `damaged` when its value is. */
export function entryLine({ key, value, revision, createdAt, updatedAt, expiresAt }: Entry): string {
  const times = `"created_at":"${iso(createdAt)}","updated_at":"${iso(updatedAt)}"`;
  const expiry = expiresAt === undefined ? "" : `,"expires_at":"${iso(expiresAt)}"`;
  return `{"key":${JSON.stringify(key)},"type":"${value.type}",${valueField(value)},"revision":${revision},${times}${expiry}}`;
}

/** Pure: the last line. */
export function endLine({ entries, sha256 }: End): string {
  return JSON.stringify({ end: true, entries, sha256 });
}

/** The header that a parsed line is. Raises `invalid` when it is none, or of a newer format. */
export function headerOf(line: unknown): Header {
  const { runner, format, revision } = fieldsOf(line);
  if (runner !== "export" || typeof format !== "number") throw bad("it is not the first line of an export");
  if (format > FORMAT) {
    throw bad(`a newer runner wrote it (format ${format}, this one knows ${FORMAT}). Upgrade runner`);
  }
  if (!Number.isSafeInteger(revision)) throw bad("revision is not a whole number");
  return { revision: revision as number };
}

/** The end that a parsed line is; undefined when it is none. */
export function endOf(line: unknown): End | undefined {
  const { end, entries, sha256 } = fieldsOf(line);
  if (end !== true) return undefined;
  if (typeof entries !== "number" || typeof sha256 !== "string") throw bad("the end lacks entries or sha256");
  return { entries, sha256 };
}

/**
 * The entry that a parsed line is, its value checked as `set` checks it; times that are absent are `now`, in ms since
 * the epoch. Raises `invalid`, and what `set` raises for the key or the value.
 */
export function entryOfLine(line: unknown, now: number, maxBytes: number): Omit<Entry, "revision"> {
  const fields = fieldsOf(line);
  for (const field in fields) {
    if (!FIELDS.has(field)) throw bad(`there is no field "${field}".${didYouMean(field, [...FIELDS])}`);
  }
  const { key } = fields;
  if (key === undefined) throw bad("it has no key");
  checkKey(key);
  const value = readEncoded(fields, key, maxBytes);
  const { type = value.type } = fields;
  if (type !== value.type) throw bad(`the value of ${JSON.stringify(key)} is no ${String(type)}`);
  const entry = {
    key,
    value,
    createdAt: timeOf(fields, "created_at") ?? now,
    updatedAt: timeOf(fields, "updated_at") ?? now,
  };
  const expiresAt = timeOf(fields, "expires_at") ?? expiryOf(fields.ttl, key, now);
  return expiresAt === undefined ? entry : { ...entry, expiresAt };
}

/** What a line may have; `ttl` is that of `state list -o json`, whose entries people edit and read in again. */
const FIELDS: ReadonlySet<string> = new Set([
  ...["key", "type", "value", "tagged", "revision"],
  ...["created_at", "updated_at", "expires_at", "ttl"],
]);

function expiryOf(ttl: unknown, key: string, now: number): number | undefined {
  if (ttl === undefined || ttl === null) return undefined;
  if (typeof ttl === "number" && ttl > 0 && Number.isFinite(ttl)) return now + ttl * 1000;
  throw bad(`the ttl of ${JSON.stringify(key)} is not a number of seconds above 0`);
}

function iso(ms: number): string {
  if (ms !== lastTime) {
    lastText = new Date(ms).toISOString();
    lastTime = ms;
  }
  return lastText;
}

/** Entries mostly have the same time twice, and it takes longer to write than all the rest. */
let [lastTime, lastText] = [Number.NaN, ""];

function valueField({ type, data }: Encoded): string {
  switch (type) {
    case "boolean":
      return `"value":${data === 1}`;
    case "bytes":
      return `"value":"${(data as Uint8Array).toBase64()}"`;
    case "list":
    case "table":
      return typeof data === "string"
        ? `"value":${data}`
        : `"tagged":${new TextDecoder().decode(data as Uint8Array)}`;
    default:
      return `"value":${JSON.stringify(data)}`;
  }
}

function readEncoded(fields: Readonly<Record<string, unknown>>, key: string, maxBytes: number): Encoded {
  const encoded = encode(readValue(fields), key, maxBytes);
  const { tagged } = fields;
  // As it was: a value may have several tagged forms, and what is equal already should be found so.
  return tagged === undefined ? encoded : { type: encoded.type, data: bytesOf(tagged) };
}

function bytesOf(tagged: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(tagged));
}

function readValue({ type, value, tagged }: Readonly<Record<string, unknown>>): Value {
  if (type !== undefined && !VALUE_TYPES.includes(type as ValueType)) {
    throw bad(`there is no type ${JSON.stringify(type)}`);
  }
  try {
    if (tagged !== undefined) return fromTagged(bytesOf(tagged));
    if (typeof value === "string" && type === "bytes") return Uint8Array.fromBase64(value);
    if (typeof value === "string" && type === "number") return parseNumber(value);
  } catch (cause) {
    throw bad(`its value is no ${String(type)}`, cause);
  }
  if (value === undefined || value === null) throw bad("it has no value");
  // What else JSON can hold is a value as it stands, which `encode` checks part by part.
  return value as Value;
}

function timeOf(fields: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const text = fields[name];
  if (text === undefined) return undefined;
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw bad(`${name} is not a time such as 2026-11-21T20:14:07.000Z`);
  return time;
}

function fieldsOf(line: unknown): Readonly<Record<string, unknown>> {
  if (typeof line !== "object" || line === null || Array.isArray(line)) throw bad("it is not a JSON object");
  return line as Record<string, unknown>;
}

function bad(why: string, cause?: unknown): RunnerError {
  return new RunnerError("invalid", why, { cause });
}
