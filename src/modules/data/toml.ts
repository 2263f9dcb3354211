import { parse, stringify, TomlError } from "smol-toml";
import { RunnerError } from "../../lib/errors.ts";
import { MAX_DEPTH } from "../../lib/value.ts";
import { isRecord } from "../arguments.ts";
import type { LuaValue } from "../module.ts";
import { Misfit } from "./numbers.ts";
import { fromParsed, toWritable } from "./plain.ts";
import { badText, badTextAt, TOO_DEEP } from "./problems.ts";
import { findUnfit } from "./toml-errors.ts";

/** So many digits that the library would take long for an integer of them. */
const MANY_DIGITS = /[\da-fA-F_]{10000}/;

/** The table of a TOML text; dates are text. Raises `bad_value` with line and column. */
export function decodeToml(text: string): LuaValue {
  try {
    const unfit = MANY_DIGITS.test(text) ? findUnfit(text) : undefined;
    if (unfit !== undefined) throw new Misfit(unfit.problem);
    return fromParsed(parse(text, { integersAsBigInt: true, maxDepth: MAX_DEPTH - 1 }));
  } catch (error) {
    if (error instanceof Misfit) {
      const found = findUnfit(text);
      if (found === undefined) throw new RunnerError("bad_value", `Cannot read the TOML: ${error.message}.`);
      throw badText("TOML", text, found.offset, found.problem);
    }
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message
      .split("\n", 1)[0]
      ?.replace(/^Invalid TOML document: /, "")
      .replace(/^.* excessively nested .*/, TOO_DEEP);
    throw badTextAt("TOML", error.line, error.column, problem ?? "it is not TOML");
  }
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
