import { parse, stringify, TomlError } from "smol-toml";
import { RunnerError } from "../../lib/errors.ts";
import { fromFloat } from "../../lib/value.ts";
import { isRecord } from "../arguments.ts";
import type { LuaValue } from "../module.ts";
import { fromParsed, toWritable } from "./plain.ts";
import { badTextAt } from "./problems.ts";

/** The table of a TOML text; dates are text. Raises `bad_value` with line and column. */
export function decodeToml(text: string): LuaValue {
  try {
    return fromParsed(markFloats(parse(text, { integersAsBigInt: true })));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "");
    throw badTextAt("TOML", error.line, error.column, problem ?? "it is not TOML");
  }
}

/** With integers as bigint, every number is a float. */
function markFloats(value: unknown): unknown {
  if (typeof value === "number") return fromFloat(value);
  if (Array.isArray(value)) return value.map(markFloats);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, markFloats(inner)]));
}

/** The library writes -0 without its sign, but a date as that says. */
class NegativeZero extends Date {
  override toISOString(): string {
    return "-0.0";
  }
}

/** TOML of a table, its fields in the order of their names. Raises `bad_value` for what TOML cannot say. */
export function encodeToml(value: LuaValue): string {
  if (!isRecord(value)) {
    throw new RunnerError("bad_value", "Cannot write it as TOML: the value is not a table of named fields.");
  }
  return stringify(
    toWritable("TOML", value, (float) => (Object.is(float, -0) ? new NegativeZero() : float)),
    { numbersAsFloat: true },
  );
}
