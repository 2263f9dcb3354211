import { cut } from "../lib/text.ts";
import { describe, isRecord } from "../modules/arguments.ts";
import { showValue } from "../modules/log.ts";
import type { LuaValue } from "../modules/module.ts";

/** What a task's function says of itself by what it returns. */
export interface Outcome {
  readonly ok: boolean;
  readonly message?: string;
  readonly outputs?: LuaValue;
}

/**
 * Pure: nothing or `true` is ok; `true, message, outputs`; a table is ok with these outputs; `false, message` or
 * `nil, message` is a failure; anything else is a failure that says what came back, so that nothing is lost.
 */
export function interpretResults(results: readonly LuaValue[]): Outcome {
  const [first, second, outputs, ...rest] = results;
  if (first === true || (first === undefined && second === undefined)) {
    if (isTable(second) || rest.some((value) => value !== undefined)) return refuse(results);
    return {
      ok: true,
      ...(second !== undefined && { message: text(second) }),
      ...(outputs !== undefined && { outputs }),
    };
  }
  if (first === false || first === undefined) {
    return { ok: false, message: second === undefined ? "it returned false" : text(second) };
  }
  const isAlone = results.slice(1).every((value) => value === undefined);
  return isTable(first) && isAlone ? { ok: true, outputs: first } : refuse(results);
}

function refuse(results: readonly LuaValue[]): Outcome {
  const came = results.map(describe).join(", ");
  return {
    ok: false,
    message: `it returned ${came}; a task returns nothing, true (with a message and outputs, if any), a table, or false and a message`,
  };
}

function isTable(value: LuaValue): boolean {
  return isRecord(value) || Array.isArray(value) || value instanceof Map;
}

/** How much of a message is kept that is no text, in columns. */
const LONGEST = 1000;

function text(value: LuaValue): string {
  return typeof value === "string" ? value : cut(showValue(value), LONGEST);
}
