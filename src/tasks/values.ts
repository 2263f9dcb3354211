import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { createRecord, fromFloat } from "../lib/value.ts";
import { isRecord } from "../modules/arguments.ts";
import type { LuaRecord, LuaValue } from "../modules/module.ts";

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  ".yaml": (text) => Bun.YAML.parse(text),
  ".yml": (text) => Bun.YAML.parse(text),
  ".toml": (text) => Bun.TOML.parse(text),
  ".json": (text) => JSON.parse(text),
};

/** What the command line says of values. */
export interface ValueSources {
  /** `--values`, in order; absolute. */
  readonly files: readonly string[];
  /** `--set`, in order. */
  readonly assignments: readonly string[];
}

/**
 * The `values` of a run: those of files, deeply merged in order, then assignments. Raises `not_found` or `invalid` for
 * a file that cannot be read, `usage` for what is no assignment.
 */
export function readValues({ files, assignments }: ValueSources): LuaRecord {
  const values: LuaRecord = createRecord();
  for (const file of files) merge(values, readValueFile(file));
  merge(values, parseAssignments(assignments));
  return values;
}

/**
 * The file with the values of an environment: `values.NAME.yaml` (.yml, .toml, .json) beside the task file, or the
 * same in a folder `values`. Raises `not_found`.
 */
export function findEnvironment(name: string, taskFile: string): string {
  const folder = dirname(taskFile);
  const candidates = Object.keys(PARSERS).flatMap((ending) => [
    join(folder, `values.${name}${ending}`),
    join(folder, "values", `${name}${ending}`),
  ]);
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new RunnerError(
    "not_found",
    `Cannot use "--env ${name}": there is no values.${name}.yaml (or .toml, .json) in ${folder}, nor values/${name}.yaml.`,
  );
}

/**
 * Pure: the values of `--set` assignments, later ones winning; `a.b=1` makes nested tables. Raises `usage` for what
 * is not an assignment.
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

function readValueFile(file: string): LuaRecord {
  const parse = PARSERS[extname(file).toLowerCase()];
  if (parse === undefined) {
    throw new RunnerError("invalid", `Cannot read values from "${file}": it is not .yaml, .toml or .json.`);
  }
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new RunnerError("not_found", `Cannot read values from "${file}": ${messageOf(error)}.`, {
      cause: error,
    });
  }
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    throw new RunnerError("invalid", `Cannot read values from "${file}": ${messageOf(error)}.`, {
      cause: error,
    });
  }
  const values = toLua(content);
  if (content === null || content === undefined) return createRecord();
  if (isRecord(values)) return values;
  throw new RunnerError(
    "invalid",
    `Cannot read values from "${file}": it holds no table of names and values.`,
  );
}

/** Parsed data as Lua gets it: null in a table leaves the field out. */
function toLua(data: unknown): LuaValue {
  if (data === null || data === undefined) return null;
  if (typeof data === "number") return Number.isSafeInteger(data) ? data : fromFloat(data);
  if (typeof data === "string" || typeof data === "boolean" || typeof data === "bigint") return data;
  if (data instanceof Date) return data.toISOString();
  if (Array.isArray(data)) return data.map(toLua);
  const record: LuaRecord = createRecord();
  for (const [key, value] of Object.entries(data)) {
    if (value !== null && value !== undefined) record[key] = toLua(value);
  }
  return record;
}

/** Puts `more` over `values`: tables with names are merged, all else is replaced. */
function merge(values: LuaRecord, more: LuaRecord): void {
  for (const [key, value] of Object.entries(more)) {
    const old = values[key];
    if (isRecord(old) && isRecord(value)) merge(old, value);
    else values[key] = value;
  }
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
