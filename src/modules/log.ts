import { createRecord, Float, type Value } from "../lib/value.ts";
import { describe, isRecord } from "./arguments.ts";
import { floatText } from "./data/numbers.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "./define.ts";
import words from "./log.lua" with { type: "text" };
import type { LuaValue } from "./module.ts";
import { MASK, NO_SECRETS, type Secrets } from "./secrets.ts";

/** Lua that lets values that know how to print themselves do so, such as errors: the host would see only their fields. */
export const LOG_WORDS = words;

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Whether a message is worth as much as `least`, by default as one that informs. */
export function isShown({ level }: LogRecord, least: LogLevel = "info"): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** One message of a script, for whoever shows it. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  /** As they may be shown: what is secret in them is masked. */
  readonly fields: Readonly<Record<string, Value>>;
}

/** The Lua module `log`: any value as the message, with fields beside it. */
export function createLogModule(emit: (record: LogRecord) => void, secrets: Secrets): ModuleDef {
  const show = createShow(secrets);
  const redact = createRedact(secrets);
  const at = (level: LogLevel): FunctionDef<never> =>
    defineFunction({
      description: `A message for people, on stderr, at level ${level}: any value, and fields beside it. Masked are fields whose names match secrets.patterns of the config, and values that were read under such names from the state, the environment or the values of the run.`,
      args: (z) => ({ message: z.any(), fields: z.optional(z.record(z.any())) }),
      example: `log.${level}("deployed", { version = "v1", files = 3 })`,
      run({ message, fields = {} }) {
        const entries = sorted(Object.entries(fields)).map(
          ([name, value]) => [name, redact(name, value)] as const,
        );
        emit({ level, message: secrets.mask(show(message)), fields: Object.fromEntries(entries) });
      },
    });
  return {
    name: "log",
    description: "Messages for people, on stderr.",
    effect: false,
    functions: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
  };
}

/** Any value as a person reads it. */
export function showValue(value: LuaValue): string {
  return createShow(NO_SECRETS)(value);
}

/** A text or bytes as Lua's own source has them; undefined for what is neither. */
export function quote(value: LuaValue): string | undefined {
  if (value instanceof Uint8Array) return `"${escapeBytes(value, /[^ -~]|["\\]/g)}"`;
  if (typeof value !== "string") return undefined;
  return `"${value.replaceAll(/["\\\u0000-\u001f\u007f]/g, escapeByte)}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function escapeByte(byte: string): string {
  return ESCAPES[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Gives any value as it may be shown under its name: masked, and as text what is no value. */
function createRedact(secrets: Secrets): (name: LuaValue, value: LuaValue) => Value {
  const show = createShow(secrets);
  const redact = (name: LuaValue, value: LuaValue): Value => {
    if (typeof name === "string" && secrets.has(name)) return MASK;
    if (Array.isArray(value)) return value.map((item: LuaValue) => redact(undefined, item));
    if (value instanceof Uint8Array) return value;
    if (isRecord(value)) {
      const record = createRecord();
      for (const [key, item] of sorted(Object.entries(value))) record[secrets.mask(key)] = redact(key, item);
      return record;
    }
    const text = show(value);
    const masked = secrets.mask(text);
    const isTyped =
      typeof value === "boolean" ||
      typeof value === "number" ||
      typeof value === "bigint" ||
      value instanceof Float;
    return isTyped && masked === text ? value : masked;
  };
  return redact;
}

/** Shows any value as a person reads it in a log line. */
function createShow(secrets: Secrets): (value: LuaValue) => string {
  const inside = (value: LuaValue, name?: LuaValue) => {
    const text = value === MASK ? MASK : (quote(value) ?? show(value));
    return typeof name === "string" ? secrets.shown(name, text) : text;
  };
  const show = (value: LuaValue): string => {
    if (typeof value === "string") return value;
    if (value === undefined) return "nil";
    if (value instanceof Float) return floatText(value.value);
    // Whole numbers that are too large for JavaScript arrive as such when they are floats.
    if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
      return floatText(value);
    if (value instanceof Uint8Array) return escapeBytes(value);
    if (Array.isArray(value)) return `{${value.map((item: LuaValue) => inside(item)).join(", ")}}`;
    if (value instanceof Map) {
      return `{${[...value].map(([key, item]) => `[${inside(key)}]=${inside(item, key)}`).join(", ")}}`;
    }
    if (!isRecord(value)) return describe(value);
    return `{${sorted(Object.entries(value))
      .map(([key, item]) => `${key}=${inside(item, key)}`)
      .join(", ")}}`;
  };
  return show;
}

/** By their names: Lua's own order is another in each run. */
function sorted<T>(entries: [string, T][]): [string, T][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Bytes that are no text, as Lua writes them: `a\xff`. */
function escapeBytes(bytes: Uint8Array, escaped = /[^ -~]/g): string {
  return Buffer.from(bytes).toString("latin1").replaceAll(escaped, escapeByte);
}
