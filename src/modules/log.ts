import { describe, isRecord } from "./arguments.ts";
import { defineFunction, type FunctionDef, type ModuleDef } from "./define.ts";
import type { LuaValue } from "./module.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One message of a script, for whoever shows it. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Stands for a secret. */
const MASK = "••••••••";

/**
 * The Lua module `log`: any value as the message, with fields beside it.
 *
 * @param isSecret whether a field of this name must not be shown.
 */
export function createLogModule(
  emit: (record: LogRecord) => void,
  isSecret: (name: string) => boolean = () => false,
): ModuleDef {
  const show = createShow(isSecret);
  const at = (level: LogLevel): FunctionDef<never> =>
    defineFunction({
      description: `A message for people, on stderr, at level ${level}: any value, and fields beside it. Fields whose names match a secret pattern are masked.`,
      args: (z) => ({ message: z.any(), fields: z.optional(z.record(z.any())) }),
      example: `log.${level}("deployed", { version = "v1", files = 3 })`,
      run({ message, fields = {} }) {
        const entries = Object.entries(fields).map(
          ([name, value]) => [name, isSecret(name) ? MASK : show(value)] as const,
        );
        emit({ level, message: show(message), fields: Object.fromEntries(entries) });
      },
    });
  return {
    name: "log",
    description: "Messages for people, on stderr.",
    functions: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
  };
}

/** Any value as a person reads it. */
export function showValue(value: LuaValue): string {
  return createShow(() => false)(value);
}

/** Shows any value as a person reads it in a log line. */
function createShow(isSecret: (name: string) => boolean): (value: LuaValue) => string {
  const inside = (value: LuaValue, name?: LuaValue) => {
    if (typeof name === "string" && isSecret(name)) return MASK;
    return typeof value === "string" ? JSON.stringify(value) : show(value);
  };
  const show = (value: LuaValue): string => {
    if (typeof value === "string") return value;
    if (value === undefined) return "nil";
    if (Array.isArray(value)) return `{${value.map((item: LuaValue) => inside(item)).join(", ")}}`;
    if (value instanceof Map) {
      return `{${[...value].map(([key, item]) => `[${inside(key)}]=${inside(item, key)}`).join(", ")}}`;
    }
    if (!isRecord(value)) return describe(value);
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}=${inside(item, key)}`)
      .join(", ")}}`;
  };
  return show;
}
