import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LuaFunction } from "../modules/module.ts";
import type { Task } from "./task.ts";

/** What a task is made from: itself, and the files that it works on. */
export interface Inputs {
  readonly definition: string;
  readonly sources: string;
}

/** What a task was made from and what it made, as of its last success. */
export interface Fingerprint extends Inputs {
  readonly generates: string;
}

/** The task file, as far as it is known without running it. */
export interface Script {
  /** Absolute. */
  readonly file: string;
  /** The lines that a function stands on. */
  textOf(fn: LuaFunction): string;
}

/** The files below a folder that any of some patterns match, sorted; those of a plain path are looked up as they are. */
export function matchFiles(patterns: readonly string[], folder: string): string[] {
  const found = new Set<string>();
  for (const pattern of patterns) {
    if (!/[*?[{]/.test(pattern)) {
      if (existsSync(join(folder, pattern))) found.add(pattern);
      continue;
    }
    if (!existsSync(folder)) continue;
    for (const path of new Bun.Glob(pattern).scanSync({ cwd: folder, dot: true, onlyFiles: true }))
      found.add(path);
  }
  return [...found].sort();
}

/** A digest of the names and contents of files. */
function digestFiles(paths: readonly string[], folder: string): string {
  const hash = createHash("sha256");
  for (const path of paths) {
    // Names and contents are framed by their lengths, so that no two sets of files read alike.
    const content = contentOf(join(folder, path));
    hash.update(`\0${path.length}:${path}:${content.length}:`).update(content);
  }
  return hash.digest("hex");
}

/** What a task would be made from now. What it generates is no source of its own. */
export function inputsOf(task: Task, folder: string, script: Script): Inputs {
  const { sources = [], generates = [] } = task.options;
  const own = new Set(matchFiles(generates, folder));
  const paths = matchFiles(sources, folder).filter((path) => !own.has(path));
  return { definition: digestDefinition(task, script), sources: digestFiles(paths, folder) };
}

/** A digest of what a task has made. */
export function digestGenerated({ options }: Task, folder: string): string {
  return digestFiles(matchFiles(options.generates ?? [], folder), folder);
}

/** The patterns for what a task generates that match nothing. */
export function missingOf({ options }: Task, folder: string): readonly string[] {
  return (options.generates ?? []).filter((pattern) => matchFiles([pattern], folder).length === 0);
}

/** Why a task with `sources` or `generates` has to run. */
export interface Cause {
  readonly reason: string;
  /** Whether it is nothing but the content of its sources, which may come to be again what it was. */
  readonly bySources?: true;
}

/** Why a task with `sources` or `generates` has to run; undefined when it has not. */
export function causeToRun(
  task: Task,
  folder: string,
  { script, last }: { script: Script; last: Fingerprint | undefined },
): Cause | undefined {
  const [missing] = missingOf(task, folder);
  if (missing !== undefined) return { reason: `${missing} is missing` };
  if (last === undefined) return { reason: "it has not succeeded before" };
  const now = inputsOf(task, folder, script);
  if (now.definition !== last.definition) return { reason: "its definition has changed" };
  const same = digestGenerated(task, folder) === last.generates;
  if (now.sources !== last.sources)
    return { reason: "its sources have changed", ...(same && { bySources: true }) };
  return same ? undefined : { reason: "what it generates has changed" };
}

/** What decides what a task does, as far as it says so itself: not what its functions call, nor the values they read. */
function digestDefinition({ command, options }: Task, script: Script): string {
  const { env, params, pre_exec, post_exec } = options;
  const form = (value: unknown): unknown => {
    if (value instanceof LuaFunction) return script.textOf(value);
    if (value instanceof Uint8Array) return ["bytes", Buffer.from(value).toString("hex")];
    // As a text: JSON has no inf and NaN, and no 64-bit integers.
    if (typeof value === "number" || typeof value === "bigint") return [typeof value, String(value)];
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(form);
    // Lua has no order of keys.
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return ["table", ...entries.map((entry) => JSON.stringify(form(entry))).sort()];
  };
  const text = JSON.stringify(form([command, env, params, pre_exec, post_exec]));
  return createHash("sha256").update(text).digest("hex");
}

function contentOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    // A folder, or a file that went away: its name alone counts.
    return new Uint8Array(0);
  }
}
