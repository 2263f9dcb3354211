import type { Entry } from "../../backends/backend.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { fromFloat, fromInteger, type Value } from "../../lib/value.ts";
import { encode } from "../codec.ts";
import { checkKey } from "../key.ts";

/** A row of a database of Sloth Runner, as its columns have it. */
export interface SlothRow {
  readonly key: unknown;
  readonly value: unknown;
  /** Absent in the older of its schemas, where every value is text. */
  readonly type?: unknown;
  readonly createdAt?: unknown;
  readonly updatedAt?: unknown;
  readonly expiresAt?: unknown;
}

/**
 * The entry that a row of Sloth Runner is. Its numbers, booleans, lists and tables are text, which is read as what
 * their type says; every type that is not known is a string. Times that cannot be
 * read are `now`, in ms since the epoch. Raises `invalid` for a key or value that no store can hold, and for text that is not what its type says.
 */
export function entryOfSloth(row: SlothRow, now: number, maxBytes: number): Omit<Entry, "revision"> {
  try {
    const { key } = row;
    checkKey(key);
    const updatedAt = timeOfSloth(row.updatedAt) ?? now;
    const entry = {
      key,
      value: encode(valueOfSloth(row), key, maxBytes),
      createdAt: timeOfSloth(row.createdAt) ?? updatedAt,
      updatedAt,
    };
    const expiresAt = timeOfSloth(row.expiresAt);
    return expiresAt === undefined ? entry : { ...entry, expiresAt };
  } catch (error) {
    const why = messageOf(error);
    throw new RunnerError("invalid", `Cannot import ${JSON.stringify(String(row.key))}: ${why}`, {
      cause: error,
    });
  }
}

function valueOfSloth({ value, type }: SlothRow): Value {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "bigint") return fromInteger(value);
  if (typeof value === "number") return fromFloat(value);
  const text = String(value ?? "");
  switch (String(type ?? "string").toLowerCase()) {
    case "number":
    case "int":
    case "integer":
    case "float":
      return numberOf(text) ?? refuse(text, "a number");
    case "bool":
    case "boolean":
      return booleanOf(text) ?? refuse(text, "a boolean");
    case "list":
    case "array":
    case "table":
    case "map":
    case "object":
    case "json":
      return tableOf(text) ?? refuse(text, "a list or table in JSON");
    default:
      return text;
  }
}

function refuse(text: string, wanted: string): never {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw new RunnerError("invalid", `its value ${JSON.stringify(shown)} is not ${wanted}, as its type says.`);
}

function booleanOf(text: string): boolean | undefined {
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

function numberOf(text: string): Value | undefined {
  const trimmed = text.trim();
  if (/^[+-]?\d{1,18}$/.test(trimmed)) return fromInteger(BigInt(trimmed));
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return undefined;
  const float = Number(trimmed);
  // It writes all its numbers as floats: whole ones were counts.
  return Number.isSafeInteger(float) ? float : fromFloat(float);
}

function tableOf(text: string): Value | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    // Nulls within are for `encode` to refuse, with their place.
    return typeof parsed === "object" && parsed !== null ? (parsed as Value) : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds or milliseconds since the epoch, or text of a date in UTC. */
function timeOfSloth(time: unknown): number | undefined {
  const number = typeof time === "bigint" ? Number(time) : time;
  if (typeof number === "number")
    return number > 0 ? Math.round(number < 1e11 ? number * 1000 : number) : undefined;
  if (typeof number !== "string" || number === "") return undefined;
  // Go prints "2025-01-02 15:04:05.999999999 +0000 UTC"; SQLite "2025-01-02 15:04:05".
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,3})?\d*\s*(Z|[+-]\d\d:?\d\d)?/.exec(number);
  if (match === null) return undefined;
  const [, date, clock, fraction = "", zone = "Z"] = match;
  const parsed = Date.parse(`${date}T${clock}${fraction}${zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2")}`);
  return Number.isNaN(parsed) ? undefined : parsed;
}
