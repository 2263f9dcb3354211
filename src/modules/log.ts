import { Arguments, describe, isRecord } from "./arguments.ts";
import type { HostFunction, LuaModule, LuaValue } from "./module.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One message of a script, for whoever shows it. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The Lua module `log`: any value as the message, with fields beside it. */
export function createLogModule(emit: (record: LogRecord) => void): LuaModule {
  const at = (level: LogLevel): HostFunction => {
    return (...values) => {
      const args = new Arguments(`log.${level}`, values);
      const fields = args.values[1];
      if (fields !== undefined && !isRecord(fields))
        return args.refuse(1, "fields", "a table with string keys");
      const entries = Object.entries(fields ?? {}).map(([name, value]) => [name, show(value)] as const);
      emit({ level, message: show(args.values[0]), fields: Object.fromEntries(entries) });
      return undefined;
    };
  };
  return {
    name: "log",
    functions: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
  };
}

/** Any value as a person reads it in a log line. */
function show(value: LuaValue): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "nil";
  if (Array.isArray(value)) return `{${value.map(showInside).join(", ")}}`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `[${showInside(key)}]=${showInside(item)}`).join(", ")}}`;
  }
  if (!isRecord(value)) return describe(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}=${showInside(item)}`)
    .join(", ")}}`;
}

function showInside(value: LuaValue): string {
  return typeof value === "string" ? JSON.stringify(value) : show(value);
}
