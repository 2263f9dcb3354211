import { describe, isRecord } from "../modules/arguments.ts";
import type { LuaValue } from "../modules/module.ts";

/** What a task's function says of itself by what it returns. */
export interface Outcome {
  readonly ok: boolean;
  readonly message?: string;
  readonly outputs?: LuaValue;
}

/**
 * Pure: nothing or `true` is ok; `true, message, outputs`; a table is ok with these outputs; `false, message` or
 * `nil, message` is a failure; anything else is a failure that says what came back.
 */
export function interpretResults(results: readonly LuaValue[]): Outcome {
  const [first, second, outputs] = results;
  if (first === true || (first === undefined && second === undefined)) {
    return {
      ok: true,
      ...(second !== undefined && { message: text(second) }),
      ...(outputs !== undefined && { outputs }),
    };
  }
  if (first === false || first === undefined) {
    return { ok: false, message: second === undefined ? "it returned false" : text(second) };
  }
  if (isRecord(first) || Array.isArray(first) || first instanceof Map) return { ok: true, outputs: first };
  return {
    ok: false,
    message: `it returned ${describe(first)}; a task returns nothing, true, a table, or false and a message`,
  };
}

function text(value: LuaValue): string {
  return typeof value === "string" ? value : describe(value);
}
