import { RunnerError } from "../lib/errors.ts";
import { Float, MAX_DEPTH, MAX_INTEGER, MIN_INTEGER } from "../lib/value.ts";

/** Whether an object is a table with text keys, rather than an instance of some class. */
export function isRecord(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Raises `bad_value` with the path of the first part of a value that cannot be stored, if there is one. */
export function checkStorable(value: unknown, name: string): void {
  const found = find(value, { path: name, ancestors: [] });
  if (found !== undefined) throw refusal(name, found);
}

/** The error for a value that as a whole cannot be stored. */
export function unstorable(name: string, value: unknown): RunnerError {
  const what = describe(value) ?? "a value of no storable kind";
  return refusal(name, { path: name, what });
}

interface Found {
  path: string;
  what: string;
}

interface Place {
  path: string;
  ancestors: readonly object[];
}

function refusal(name: string, { path, what }: Found): RunnerError {
  const hint = what === "nil" && path === name ? " Delete the key to have no value." : "";
  return new RunnerError("bad_value", `Cannot store "${name}": ${shorten(path)} is ${what}.${hint}`);
}

function find(value: unknown, place: Place): Found | undefined {
  const what = describe(value);
  if (what !== undefined) return { path: place.path, what };
  if (typeof value !== "object" || value === null || !isTable(value)) return undefined;
  if (place.ancestors.includes(value)) return { path: place.path, what: "a cycle" };
  if (place.ancestors.length >= MAX_DEPTH) {
    return { path: place.path, what: `nested more than ${MAX_DEPTH} tables deep` };
  }
  const ancestors = [...place.ancestors, value];
  for (const [key, item] of entriesOf(value)) {
    const badKey = describeKey(key);
    if (badKey !== undefined) return { path: `a key of ${place.path}`, what: badKey };
    const found = find(item, { path: place.path + pathOf(key), ancestors });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What makes a value itself unstorable, in the words of Lua; undefined when nothing does. */
function describe(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? undefined : "text with half of a surrogate pair";
    case "number":
    case "boolean":
      return undefined;
    case "bigint":
      return value < MIN_INTEGER || value > MAX_INTEGER ? "an integer of more than 64 bits" : undefined;
    case "undefined":
      return "nil";
    case "object":
      return value === null ? "json.null" : describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object): string | undefined {
  // What Lua hands over for things without a value outside has these shapes (modules/module.ts, a layer above).
  if ("call" in value && typeof value.call === "function") return "a function";
  if (value instanceof Float || value instanceof Uint8Array || isTable(value)) return undefined;
  if ("kind" in value && value.kind === "function") return "a function";
  return "what" in value && typeof value.what === "string" ? value.what : "an object that is not a table";
}

function describeKey(key: unknown): string | undefined {
  if (typeof key === "object" && key !== null && isTable(key)) return "a table";
  return Number.isNaN(key) ? "nan" : describe(key);
}

function isTable(value: object): boolean {
  return Array.isArray(value) || value instanceof Map || isRecord(value);
}

function entriesOf(table: object): Iterable<[unknown, unknown]> {
  if (table instanceof Map) return table.entries();
  // Array.from also gives the holes of an array, as undefined.
  if (Array.isArray(table)) return Array.from(table, (item, index): [unknown, unknown] => [index + 1, item]);
  return Object.entries(table);
}

function pathOf(key: unknown): string {
  if (typeof key === "string") return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  if (key instanceof Float) return `[${key.value}]`;
  return key instanceof Uint8Array ? `["${Buffer.from(key).toString("latin1")}"]` : `[${String(key)}]`;
}

function shorten(path: string): string {
  return path.length <= 120 ? path : `${path.slice(0, 60)}…${path.slice(-40)}`;
}
