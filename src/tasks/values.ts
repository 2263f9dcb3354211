import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { messageOf, RunnerError, systemReason } from "../lib/errors.ts";
import { hasCode } from "../lib/stdio.ts";
import { createRecord } from "../lib/value.ts";
import { describe, isRecord } from "../modules/arguments.ts";
import { fits, toInteger } from "../modules/data/numbers.ts";
import type { LuaRecord, LuaValue } from "../modules/module.ts";

/** How files of values are read, by their endings; a reader is loaded for a file alone. */
const READERS: Readonly<Record<string, (text: string) => LuaValue>> = {
  ".yaml": readYaml,
  ".yml": readYaml,
  ".toml": (text) => {
    const { decodeToml }: typeof import("../modules/data/toml.ts") = require("../modules/data/toml.ts");
    return decodeToml(text);
  },
  ".json": (text) => {
    const { decodeJson }: typeof import("../modules/data/json.ts") = require("../modules/data/json.ts");
    return decodeJson(text);
  },
};

function readYaml(text: string): LuaValue {
  const { decodeYamlAll }: typeof import("../modules/data/yaml.ts") = require("../modules/data/yaml.ts");
  const [document, ...more] = decodeYamlAll(text);
  if (more.length === 0) return document;
  throw new RunnerError(
    "invalid",
    `it has ${1 + more.length} documents. Make each of them a file of its own`,
  );
}

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
  assignAll(values, assignments);
  return values;
}

/**
 * The file with the values of an environment: `values.NAME.yaml` (.yml, .toml, .json) beside the task file, or the
 * same in a folder `values`. Raises `not_found`.
 */
export function findEnvironment(name: string, taskFile: string): string {
  const folder = dirname(taskFile);
  const candidates = Object.keys(READERS).flatMap((ending) => [
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
  assignAll(values, assignments);
  return values;
}

function assignAll(values: LuaRecord, assignments: readonly string[]): void {
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    const path = assignment.slice(0, Math.max(equals, 0)).split(".");
    if (path.some((part) => part === "")) {
      throw new RunnerError(
        "usage",
        `Cannot use "--set ${assignment}": expected NAME=VALUE, such as --set version=v1.3.0.`,
      );
    }
    assign(values, path, parseScalar(assignment.slice(equals + 1)), assignment);
  }
}

function readValueFile(file: string): LuaRecord {
  const read = READERS[extname(file).toLowerCase()];
  if (read === undefined) throw unreadable("invalid", file, "it is not .yaml, .toml or .json");
  const text = readText(file);
  let values: LuaValue;
  try {
    values = read(text);
  } catch (error) {
    const problem = messageOf(error)
      .replace(/^Cannot read the \w+: /, "")
      .replace(/\.$/, "");
    throw unreadable("invalid", file, problem, error);
  }
  if (values === undefined || values === null) return createRecord();
  if (isRecord(values)) return values;
  const nameless =
    values instanceof Map ? [...values.keys()].find((key) => typeof key !== "string") : undefined;
  const problem =
    nameless === undefined
      ? "it holds no table of names and values"
      : `its name ${describe(nameless)} is no text. Put it in quotes`;
  throw unreadable("invalid", file, problem);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) throw unreadable("not_found", file, "there is no such file", error);
    throw unreadable(
      "invalid",
      file,
      hasCode(error, "EISDIR") ? "it is a folder" : systemReason(error),
      error,
    );
  }
}

function unreadable(
  code: "invalid" | "not_found",
  file: string,
  problem: string,
  cause?: unknown,
): RunnerError {
  return new RunnerError(code, `Cannot read values from "${file}": ${problem}.`, { cause });
}

/** Puts `more` over `values`: tables with names are merged, all else is replaced. */
function merge(values: LuaRecord, more: LuaRecord): void {
  for (const [key, value] of Object.entries(more)) {
    const old = values[key];
    if (isRecord(old) && isRecord(value)) merge(old, value);
    else values[key] = value;
  }
}

function assign(values: LuaRecord, path: readonly string[], value: LuaValue, assignment: string): void {
  let table = values;
  for (const [index, part] of path.slice(0, -1).entries()) {
    const inner = table[part];
    if (Array.isArray(inner)) {
      const list = path.slice(0, index + 1).join(".");
      throw new RunnerError(
        "usage",
        `Cannot use "--set ${assignment}": ${list} is a list, and an item of it cannot be set alone. Give all of it in a file: --values FILE`,
      );
    }
    const next: LuaRecord = isRecord(inner) ? inner : createRecord();
    table[part] = next;
    table = next;
  }
  table[path.at(-1) ?? ""] = value;
}

/** `true`, `false` and numbers that print as they were written are typed; all else, such as `1.10` or `007`, is text. */
function parseScalar(text: string): LuaValue {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?\d+$/.test(text)) {
    const integer = BigInt(text);
    return fits(integer) && String(integer) === text ? toInteger(integer) : text;
  }
  const number = Number(text);
  return text !== "" && Number.isFinite(number) && String(number) === text ? number : text;
}
