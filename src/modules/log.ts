import { Float } from "../lib/value.ts";
import { describe, isRecord } from "./arguments.ts";
import { floatText } from "./data/numbers.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "./define.ts";
import words from "./log.lua" with { type: "text" };
import type { LuaValue } from "./module.ts";
import { NO_SECRETS, type Secrets } from "./secrets.ts";

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
  readonly fields: Readonly<Record<string, string>>;
}

/** The Lua module `log`: any value as the message, with fields beside it. */
export function createLogModule(emit: (record: LogRecord) => void, secrets: Secrets): ModuleDef {
  const show = createShow(secrets);
  const at = (level: LogLevel): FunctionDef<never> =>
    defineFunction({
      description: `A message for people, on stderr, at level ${level}: any value, and fields beside it. Masked are fields whose names match secrets.patterns of the config, and values that were read under such names from the state, the environment or the values of the run.`,
      args: (z) => ({ message: z.any(), fields: z.optional(z.record(z.any())) }),
      example: `log.${level}("deployed", { version = "v1", files = 3 })`,
      run({ message, fields = {} }) {
        const entries = sorted(Object.entries(fields)).map(
          ([name, value]) => [name, secrets.shown(name, show(value))] as const,
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

/** Shows any value as a person reads it in a log line. */
function createShow(secrets: Secrets): (value: LuaValue) => string {
  const inside = (value: LuaValue, name?: LuaValue) => {
    const text = typeof value === "string" ? JSON.stringify(value) : show(value);
    return typeof name === "string" ? secrets.shown(name, text) : text;
  };
  const show = (value: LuaValue): string => {
    if (typeof value === "string") return value;
    if (value === undefined) return "nil";
    if (value instanceof Float) return floatText(value.value);
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
function escapeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("latin1")
    .replaceAll(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
