import { RunnerError } from "../lib/errors.ts";
import { Float, MAX_INTEGER, MIN_INTEGER } from "../lib/value.ts";
import { LuaFunction, type LuaValue } from "../modules/module.ts";

/** Tables nest at most this deep on their way to Lua. */
const MAX_DEPTH = 128;

/**
 * A value of Lua's or of the state's as plugins see it: numbers are numbers, functions can be called and give a promise
 * of their first result.
 */
export function toPlugin(value: unknown): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof LuaFunction) {
    return async (...args: unknown[]) => {
      const [first] = await value.call(...args.map((arg) => toLua(arg, "the call of a Lua function")));
      return toPlugin(first);
    };
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toPlugin);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [toPlugin(key), toPlugin(item)]));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlugin(item)]));
}

/**
 * A plugin's value as Lua gets it: a copy of plain values only, so that nothing of the host can be reached through it.
 * null is nil. Raises `bad_value`, saying where in `what` there is something else.
 */
export function toLua(value: unknown, what: string): LuaValue {
  return convert(value, what, []);
}

function convert(value: unknown, path: string, above: readonly object[]): LuaValue {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
    case "undefined":
      return value;
    case "bigint":
      if (value >= MIN_INTEGER && value <= MAX_INTEGER) return value;
      throw refuse(path, "an integer of more than 64 bits");
    case "object":
      return value === null ? undefined : convertObject(value, path, above);
    default:
      throw refuse(path, `a ${typeof value}`);
  }
}

function convertObject(value: object, path: string, above: readonly object[]): LuaValue {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof Float) return value;
  if (above.includes(value)) throw refuse(path, "a table that holds itself");
  if (above.length >= MAX_DEPTH) throw refuse(path, `nested more than ${MAX_DEPTH} levels deep`);
  const inside = [...above, value];
  if (Array.isArray(value)) {
    // A hole would cut the list in Lua.
    return Array.from(
      value,
      (item: unknown, i) => convert(item ?? null, `${path}[${i + 1}]`, inside) ?? null,
    );
  }
  if (value instanceof Map) {
    return new Map(
      [...value].map(([key, item]) => [
        convertKey(key, path),
        convert(item, `${path}[${String(key)}]`, inside),
      ]),
    );
  }
  if (!isPlain(value)) throw refuse(path, `an object of class ${value.constructor?.name || "unknown"}`);
  const entries = Object.entries(value).map(
    ([key, item]) => [key, convert(item, `${path}.${key}`, inside)] as const,
  );
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function convertKey(key: unknown, path: string): LuaValue {
  if (typeof key === "string" || typeof key === "boolean" || (typeof key === "number" && !Number.isNaN(key)))
    return key;
  throw refuse(path, "a key that is neither text, a number nor a boolean");
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function refuse(path: string, what: string): RunnerError {
  return new RunnerError(
    "bad_value",
    `Cannot hand ${path} to Lua: it is ${what}. Give text, numbers, lists and tables.`,
  );
}
