import { RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import { isRecord } from "../modules/arguments.ts";
import type { LuaRecord, LuaValue } from "../modules/module.ts";

/**
 * Pure: the `values` of a run from `--set` assignments, later ones winning; `a.b=1` makes nested tables.
 * Raises `usage` for what is not an assignment.
 */
export function parseAssignments(assignments: readonly string[]): LuaRecord {
  const values: LuaRecord = createRecord();
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    const path = assignment.slice(0, Math.max(equals, 0)).split(".");
    if (path.some((part) => part === "")) {
      throw new RunnerError(
        "usage",
        `Cannot use "--set ${assignment}": expected NAME=VALUE, such as --set version=v1.3.0.`,
      );
    }
    assign(values, path, parseScalar(assignment.slice(equals + 1)));
  }
  return values;
}

function assign(values: LuaRecord, path: readonly string[], value: LuaValue): void {
  let table = values;
  for (const part of path.slice(0, -1)) {
    const inner = table[part];
    const next: LuaRecord = isRecord(inner) ? inner : createRecord();
    table[part] = next;
    table = next;
  }
  table[path.at(-1) ?? ""] = value;
}

/** `true`, `false` and numbers that print as they were written are typed; all else, such as `1.10` or `007`, is text. */
function parseScalar(text: string): LuaValue {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return text !== "" && Number.isFinite(number) && String(number) === text ? number : text;
}
