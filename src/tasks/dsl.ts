import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { describe, isRecord } from "../modules/arguments.ts";
import { LuaFunction, type LuaRecord, type LuaValue } from "../modules/module.ts";
import { unknownDependencies } from "./plan.ts";
import type { Position, Task } from "./task.ts";

const OPTIONS = ["name", "description", "depends_on", "command", "run"];

/** What is wrong with a declaration, and where it stands. */
interface Problem {
  readonly at: Position;
  readonly text: string;
}

/**
 * Pure: the tasks of a file from what its declarations left behind (dsl.lua). Raises `invalid` with every mistake of
 * the file, a line each with its position.
 */
export function readDeclarations(declared: LuaValue): Map<string, Task> {
  const problems: Problem[] = [];
  const tasks = new Map<string, Task>();
  for (const declaration of Array.isArray(declared) ? declared : []) {
    if (!isRecord(declaration)) continue;
    const task = readTask(declaration.options, positionOf(declaration.at), problems);
    if (task === undefined) continue;
    const earlier = tasks.get(task.name);
    if (earlier === undefined) tasks.set(task.name, task);
    else {
      const where = `${earlier.declaredAt.source}:${earlier.declaredAt.line}`;
      problems.push({ at: task.declaredAt, text: `task "${task.name}" is declared already at ${where}.` });
    }
  }
  for (const { task, name } of unknownDependencies(tasks)) {
    const hint = didYouMean(name, [...tasks.keys()]);
    problems.push({
      at: task.declaredAt,
      text: `task "${task.name}" depends on "${name}", which is not declared.${hint}`,
    });
  }
  if (problems.length > 0) throw new RunnerError("invalid", problems.map(renderProblem).join("\n"));
  return tasks;
}

function renderProblem({ at, text }: Problem): string {
  return `Cannot load ${at.source}:${at.line}: ${text}`;
}

function readTask(options: LuaValue, at: Position, problems: Problem[]): Task | undefined {
  const refuse = (text: string) => void problems.push({ at, text });
  if (!isRecord(options)) return refuse("a task is declared by a table with named options.");
  const { name } = options;
  if (typeof name !== "string" || name === "") return refuse('a task has no name. Give it one: name = "…".');
  const wrong = (option: string, expected: string) =>
    refuse(`task "${name}", option "${option}": expected ${expected}, got ${describe(options[option])}.`);
  for (const option of Object.keys(options)) {
    if (!OPTIONS.includes(option))
      refuse(`task "${name}" has an unknown option "${option}".${didYouMean(option, OPTIONS)}`);
  }
  const { description } = options;
  if (description !== undefined && typeof description !== "string") wrong("description", "a string");
  const dependsOn = readNames(options.depends_on);
  if (dependsOn === undefined) wrong("depends_on", "a name or a list of names");
  if (options.run !== undefined && options.command !== undefined) {
    refuse(`task "${name}" has both "run" and "command", which mean the same. Keep one.`);
  }
  const option = options.run === undefined ? "command" : "run";
  const command = options[option];
  if (command !== undefined && !isCommand(command)) wrong(option, "a function or a line for the shell");
  return {
    name,
    dependsOn: dependsOn ?? [],
    declaredAt: at,
    ...(typeof description === "string" && { description }),
    ...(isCommand(command) && { command }),
  };
}

function isCommand(value: LuaValue): value is LuaFunction | string {
  return typeof value === "string" || value instanceof LuaFunction;
}

/** Names given as one, a list, or not at all; undefined when it is something else. */
function readNames(value: LuaValue): readonly string[] | undefined {
  if (value === undefined || (isRecord(value) && Object.keys(value).length === 0)) return [];
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) return undefined;
  const list: readonly LuaValue[] = value;
  return list.every(isString) ? list : undefined;
}

function isString(value: LuaValue): value is string {
  return typeof value === "string";
}

function positionOf(value: LuaValue): Position {
  const record: LuaRecord = isRecord(value) ? value : {};
  return { source: String(record.source ?? "?"), line: Number(record.line ?? 0) };
}
