import { isUtf8 } from "node:buffer";
import {
  type ChangeRecord,
  type Encoded,
  type Entry,
  type ListedEntry,
  RunnerError,
  VALUE_TYPES,
  type ValueType,
  type Writer,
} from "runner";

/** What a script takes for "none". */
const NONE = "-";

/** How the server keeps a value: what tells how the text is to be read, and the text. */
export interface Stored {
  /** `type:how:sum`, the sum over key, the rest of this and the text, so that a changed or moved value shows. */
  readonly form: string;
  readonly data: string;
}

/**
 * The stored form of a value. The client gives replies as text alone, so that bytes which are none become base64.
 */
export function toStored(key: string, { type, data }: Encoded): Stored {
  const stored = (how: string, text: string): Stored => {
    const form = `${type}:${how}`;
    return { form: `${form}:${checksum(key, form, text)}`, data: text };
  };
  if (typeof data === "string") return stored("t", data);
  if (typeof data === "number") return stored("n", String(data));
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return isUtf8(bytes) ? stored("u", bytes.toString("utf8")) : stored("b", bytes.toString("base64"));
}

function checksum(key: string, form: string, text: string): string {
  return Bun.hash.crc32(text, Bun.hash.crc32(`${key}\0${form}`)).toString(36);
}

/** An expiry as the scripts take it, in ms since the epoch. */
export function expiryText(expiresAt: number | undefined): string {
  return expiresAt === undefined ? NONE : String(expiresAt);
}

/** The entry of what is stored under a key; to look at its value raises `damaged` where that is not as it was written. */
export function parseEntry(key: string, raw: string): Entry {
  const end = raw.indexOf("\n");
  const form = raw.slice(raw.lastIndexOf(" ", end) + 1, end);
  const head = parseHead(key, raw);
  const value = fromStored(key, form, raw.slice(end + 1));
  if (value !== undefined) return { ...head, value };
  // A write that does not look at it puts it right.
  return {
    ...head,
    get value(): Encoded {
      throw damaged(key);
    },
  };
}

/** The entry without its value. Raises `damaged`. */
export function parseHead(key: string, raw: string): ListedEntry {
  const [revision, createdAt, updatedAt, expires] = raw.slice(0, raw.indexOf("\n")).split(" ");
  const entry = {
    key,
    revision: Number(revision),
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
  };
  if (Number.isNaN(entry.revision + entry.createdAt + entry.updatedAt)) throw damaged(key);
  return expires === NONE ? entry : { ...entry, expiresAt: Number(expires) };
}

/** A record of the history. Raises `damaged`. */
export function parseRecord(key: string, revision: number, raw: string): ChangeRecord {
  const end = raw.indexOf("\n");
  const [kind, at, expires, form, ...by] = raw.slice(0, end).split(" ");
  if (kind !== "put" && kind !== "delete" && kind !== "expire") throw damaged(key);
  return {
    key,
    revision,
    kind,
    at: Number(at),
    // Written by a script from what a writer was: its names may have spaces.
    by: JSON.parse(by.join(" ")) as Writer,
    ...(kind === "put" && { value: recorded(key, form, raw.slice(end + 1)) }),
    ...(expires !== NONE && { expiresAt: Number(expires) }),
  };
}

function recorded(key: string, form: string | undefined, data: string): Encoded {
  const value = fromStored(key, form, data);
  if (value === undefined) throw damaged(key);
  return value;
}

/** Undefined for what is not as it was written. */
function fromStored(key: string, form: string | undefined, data: string): Encoded | undefined {
  const [type, how, sum] = form?.split(":") ?? [];
  if (!isType(type) || sum !== checksum(key, `${type}:${how}`, data)) return undefined;
  switch (how) {
    case "t":
      return { type, data };
    case "n":
      return { type, data: Number(data) };
    case "u":
      return { type, data: new Uint8Array(Buffer.from(data, "utf8")) };
    case "b":
      return { type, data: new Uint8Array(Buffer.from(data, "base64")) };
    default:
      return undefined;
  }
}

function isType(name: string | undefined): name is ValueType {
  return VALUE_TYPES.some((type) => type === name);
}

function damaged(key: string): RunnerError {
  return new RunnerError(
    "damaged",
    `Cannot read "${key}": what Redis holds there is not what runner wrote. Set or delete the key to go on without it.`,
  );
}
