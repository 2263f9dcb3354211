import { didYouMean } from "../lib/suggest.ts";
import { describe, isRecord } from "../modules/arguments.ts";
import type { LuaFunction, LuaRecord, LuaValue } from "../modules/module.ts";
import { type DeclaredGroup, type ReadGroup, readGroup } from "./groups.ts";
import type { Locator } from "./locate.ts";
import { Names } from "./names.ts";
import { isOption, OPTION_NAMES, OPTIONS, type TaskOptions } from "./options.ts";
import { findCycles, planOrder, showCycle } from "./plan.ts";
import { Problems, showPosition } from "./problems.ts";
import { linkTasks } from "./relations.ts";
import type { Position, Task, TaskGroup } from "./task.ts";

/** All that a file declares. */
export interface Declarations {
  /** By whole name, in the order of declaration; empty for a plain script. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** All tasks, each after those that it waits for. */
  readonly order: readonly Task[];
  readonly groups: readonly TaskGroup[];
  readonly names: Names;
  /** Whether two runs of the file must not overlap. */
  readonly exclusive: boolean;
  /** What is odd, but no reason not to run. */
  readonly warnings: readonly string[];
}

/** What reading needs besides the declarations. */
export interface ReadContext {
  /** How messages call the task file. */
  readonly file: string;
  /** Guesses lines of a source that Lua does not know. */
  readonly locate: (source: string) => Locator;
  /** Names of agents that tasks may be delegated to. */
  readonly agents: readonly string[];
}

/**
 * Pure: the tasks of a file from what its declarations left behind (dsl.lua). Raises `invalid` with every mistake of
 * the file, a line each with its position.
 */
export function readDeclarations(declared: LuaValue, context: ReadContext): Declarations {
  const problems = new Problems();
  const warnings: string[] = [];
  const { tasks: taskList, groups: groupList, exclusive = false, wrong } = recordOf(declared);
  const top = { source: context.file, line: 0 };
  for (const item of listOf(wrong)) {
    const { type, ...at } = recordOf(item);
    problems.add(
      positionOf(at) ?? top,
      `TaskDefinitions is a ${String(type)}, not a table of groups. Set it to a table: TaskDefinitions = { … }.`,
    );
  }
  if (typeof exclusive !== "boolean") {
    problems.add(top, `exclusive is ${describe(exclusive)}. Set it to true or false.`);
  }
  const groups = listOf(groupList).map((item) =>
    readGroup(declaredGroup(item, context), { problems, warnings }),
  );
  const tasks = new Map<string, Task>();
  for (const item of listOf(taskList)) {
    const declaration = recordOf(item);
    const group = typeof declaration.group === "number" ? groups[declaration.group - 1] : undefined;
    const task = readTask(declaration, { group, problems, context });
    if (task === undefined) continue;
    const earlier = tasks.get(task.name);
    if (earlier === undefined) tasks.set(task.name, task);
    else {
      const where = showPosition(earlier.declaredAt);
      problems.add(task.declaredAt, `task "${task.name}" is declared already at ${where}.`);
    }
  }
  const names = new Names(tasks.values());
  const linked = linkTasks(tasks, { names, agents: context.agents, problems });
  const plan = planOrder(linked, []);
  for (const cycle of "cycle" in plan ? findCycles(linked) : []) {
    const [first = ""] = cycle;
    const at = linked.get(first)?.declaredAt ?? top;
    problems.add(at, `task "${first}" waits for itself in a circle: ${showCycle(cycle)}.`);
  }
  problems.raise();
  const known = groups.flatMap((read) => (read === undefined ? [] : [read.group]));
  return {
    tasks: linked,
    order: "order" in plan ? plan.order : [],
    groups: known,
    names,
    exclusive: exclusive === true || known.some((group) => group.exclusive),
    warnings,
  };
}

function declaredGroup(item: LuaValue, { file, locate }: ReadContext): DeclaredGroup {
  const declaration = recordOf(item);
  const { options, key, tasks, within } = declaration;
  const name = typeof key === "string" ? key : "";
  const { source, line } = positionOf(recordOf(within ?? null)) ?? { source: file, line: 0 };
  const guess = () => locate(source).next(name, locate(source).definitionsBefore(line)) || line;
  return {
    options,
    ...(name !== "" && { key: name }),
    ...(typeof tasks === "string" && { tasks }),
    at: positionOf(declaration) ?? { source, line: guess() },
  };
}

/** A task whose relations to others are still as the file names them. */
function readTask(
  declaration: LuaRecord,
  { group, problems, context }: { group: ReadGroup | undefined; problems: Problems; context: ReadContext },
): Task | undefined {
  const { options, key, form } = declaration;
  const named = isRecord(options) && typeof options.name === "string" ? options.name : undefined;
  const shortName = named ?? (typeof key === "string" ? key : "");
  // In a table: somewhere after its group.
  const { source, line } = group?.group.declaredAt ?? { source: context.file, line: 0 };
  const at = positionOf(declaration) ?? {
    source,
    line: context.locate(source).next(shortName, line) || line,
  };
  let isRefused = false;
  const refuse = (text: string) => {
    isRefused = true;
    return void problems.add(at, text);
  };
  if (!isRecord(options)) {
    const inside = shortName === "" ? "" : ` "${shortName}"`;
    return refuse(
      `the task${inside} is ${describe(options)}; a task is declared by a table with named options.`,
    );
  }
  if (shortName === "" || (options.name !== undefined && named === undefined)) {
    const { name } = options;
    if (name === undefined || name === "") return refuse('a task has no name. Give it one: name = "…".');
    return refuse(`the name of a task is ${describe(name)}: expected a string.`);
  }
  if (/^-|[\p{Cc}]/u.test(shortName)) {
    const what = shortName.startsWith("-") ? 'begins with "-"' : "has a control character";
    return refuse(`the name of a task, ${JSON.stringify(shortName)}, ${what}. Leave it out.`);
  }
  const name = group === undefined ? shortName : `${group.group.name}.${shortName}`;
  const read = { ...group?.defaults, ...readOptions(name, options, refuse) };
  const { command = read.run } = read;
  if (typeof command === "string" && command.includes("\0")) {
    refuse(`the command of task "${name}" has a NUL character, which no shell takes. Leave it out.`);
  }
  if (command === undefined && !read.depends_on?.length && !isRefused) {
    refuse(`task "${name}" has nothing to do. Give it a command, or depends_on to stand for other tasks.`);
  }
  return {
    name,
    shortName,
    ...(group !== undefined && { group: group.group }),
    dependsOn: read.depends_on ?? [],
    nextIfFail: read.next_if_fail ?? [],
    ...(command !== undefined && { command }),
    withoutThis: form === "definitions",
    options: read,
    declaredAt: at,
  };
}

function readOptions(task: string, options: LuaRecord, refuse: (text: string) => void): TaskOptions {
  // Each value came out of the reader of its own option, which is what TaskOptions says.
  const read: Record<string, string | LuaFunction | unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    const spec = isOption(option) ? OPTIONS[option] : undefined;
    if (spec === undefined) {
      if (option === "uses")
        refuse(`task "${task}", option "uses": expected a table of task options, got ${describe(value)}.`);
      else
        refuse(
          `task "${task}" has an unknown option "${option}".${didYouMean(option, [...OPTION_NAMES, ...WORDS])}`,
        );
      continue;
    }
    const result = spec.read(value);
    if (result !== undefined) read[option] = result;
    else refuse(`task "${task}", option "${option}": expected ${spec.expected}, got ${describe(value)}.`);
  }
  if (read.run !== undefined && read.command !== undefined) {
    refuse(`task "${task}" has both "run" and "command", which mean the same. Keep one.`);
  }
  return read;
}

/** What may be meant besides by a word that is no option. */
const WORDS = ["uses", "build"];

function positionOf({ source, line }: LuaRecord): Position | undefined {
  return typeof source === "string" ? { source, line: Number(line ?? 0) } : undefined;
}

function recordOf(value: LuaValue): LuaRecord {
  return isRecord(value) ? value : {};
}

function listOf(value: LuaValue): readonly LuaValue[] {
  return Array.isArray(value) ? value : [];
}
