import { RunnerError } from "../lib/errors.ts";
import { Float, Opaque } from "../lib/value.ts";
import { LuaFunction, type LuaRecord, type LuaValue } from "./module.ts";

/**
 * The arguments of one call from Lua, checked as they are read. Whatever is wrong raises `bad_argument` with a
 * message that names the function and the argument: `state.set: argument 3 (ttl): expected a number, got "soon"`.
 */
export class Arguments {
  constructor(
    /** As the script wrote it, such as `state.set`. */
    readonly callee: string,
    readonly values: readonly LuaValue[],
  ) {}

  /** How many were given, an explicit nil included. */
  get count(): number {
    return this.values.length;
  }

  string(index: number, name: string): string {
    const value = this.values[index];
    return typeof value === "string" ? value : this.refuse(index, name, "a string");
  }

  /** Text or any other bytes. */
  bytes(index: number, name: string): string | Uint8Array {
    const value = this.values[index];
    if (typeof value === "string" || value instanceof Uint8Array) return value;
    return this.refuse(index, name, "a string");
  }

  optionalString(index: number, name: string): string | undefined {
    return this.values[index] === undefined ? undefined : this.string(index, name);
  }

  number(index: number, name: string): number {
    const number = toNumber(this.values[index]);
    return number ?? this.refuse(index, name, "a number");
  }

  optionalNumber(index: number, name: string): number | undefined {
    return this.values[index] === undefined ? undefined : this.number(index, name);
  }

  function(index: number, name: string): LuaFunction {
    const value = this.values[index];
    return value instanceof LuaFunction ? value : this.refuse(index, name, "a function");
  }

  /** A table with named fields; absent is an empty one. Fields that are not among `known` are refused. */
  options<const Field extends string>(index: number, known: readonly Field[]): Options<Field> {
    const value = this.values[index];
    if (value !== undefined && !isRecord(value)) return this.refuse(index, "options", "a table of options");
    for (const field of Object.keys(value ?? {})) {
      if (known.some((name) => name === field)) continue;
      const list = known.join(", ");
      this.fail(`argument ${index + 1}, field "${field}": not an option of this function. Known: ${list}`);
    }
    return new Options<Field>(this, index, value ?? {});
  }

  /** Raises that argument `index` is not what is `expected`. */
  refuse(index: number, name: string, expected: string): never {
    return this.fail(
      `argument ${index + 1} (${name}): expected ${expected}, got ${describe(this.values[index])}`,
    );
  }

  fail(problem: string): never {
    throw new RunnerError("bad_argument", `${this.callee}: ${problem}`);
  }
}

/** The options table of one call. */
export class Options<Field extends string> {
  constructor(
    private readonly call: Arguments,
    private readonly index: number,
    private readonly record: LuaRecord,
  ) {}

  raw(field: Field): LuaValue {
    return this.record[field];
  }

  string(field: Field): string | undefined {
    const value = this.record[field];
    return value === undefined || typeof value === "string" ? value : this.refuse(field, "a string");
  }

  number(field: Field): number | undefined {
    const value = this.record[field];
    return value === undefined ? undefined : (toNumber(value) ?? this.refuse(field, "a number"));
  }

  boolean(field: Field): boolean | undefined {
    const value = this.record[field];
    return value === undefined || typeof value === "boolean" ? value : this.refuse(field, "true or false");
  }

  refuse(field: Field, expected: string): never {
    const got = describe(this.record[field]);
    return this.call.fail(`argument ${this.index + 1}, field "${field}": expected ${expected}, got ${got}`);
  }
}

/** A Lua number of any subtype as a JavaScript number; 64-bit integers are rounded. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === "number") return value;
  if (value instanceof Float) return value.value;
  return typeof value === "bigint" ? Number(value) : undefined;
}

/** Whether a value is a table that has string keys only, the empty table included. */
export function isRecord(value: LuaValue): value is LuaRecord {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Opaque) &&
    !(value instanceof Float) &&
    !(value instanceof Uint8Array)
  );
}

/** A value as an error message shows it: short ones whole, others by their type. */
export function describe(value: LuaValue): string {
  if (value === undefined) return "nothing";
  if (value === null) return "json.null";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "a long string";
  if (value instanceof Uint8Array) return "a string of bytes";
  if (value instanceof Opaque) return value.what;
  if (value instanceof Float) return String(value.value);
  return typeof value === "object" ? "a table" : String(value);
}
