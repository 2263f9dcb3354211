import { didYouMean } from "../lib/suggest.ts";
import { describe, isRecord } from "../modules/arguments.ts";
import type { LuaRecord, LuaValue } from "../modules/module.ts";
import { type Backoff, readBackoff, readCount, readDuration, readFunction } from "./options.ts";
import { type Problems, showPosition } from "./problems.ts";
import type { Position, TaskGroup } from "./task.ts";

/** Every option of a group besides its tasks, for people and as the Lua language server writes types. */
export const GROUP_OPTIONS: Readonly<
  Record<string, { readonly type: string; readonly description: string }>
> = {
  name: { type: "string", description: "what it is called, where nothing else says it" },
  description: { type: "string", description: "what it is for" },
  version: { type: "any", description: "for people; no effect" },
  metadata: { type: "any", description: "for people; no effect" },
  config: {
    type: "table",
    description: "what holds for its tasks: timeout, retries, retry_policy, max_parallel_tasks, exclusive",
  },
  on_start: { type: "function", description: "called before its first task" },
  on_complete: { type: "function", description: "called after its last task, with whether all went well" },
  exclusive: { type: "boolean", description: "whether only one run of the file may be under way at a time" },
};
/** What `config` of a workflow may say with an effect. */
const CONFIG = ["timeout", "retries", "retry_policy", "max_parallel_tasks", "exclusive"];

/** A group, and what holds for its tasks unless they say otherwise. */
export interface ReadGroup {
  readonly group: TaskGroup;
  readonly defaults: { readonly retries?: number; readonly backoff?: Backoff };
}

/** What the Lua side says of one group. */
export interface DeclaredGroup {
  readonly options: LuaValue;
  readonly key?: string;
  /** The type of its `tasks` when it is no table. */
  readonly tasks?: string;
  readonly at: Position;
}

/** Pure: a group from its declaration; undefined, with the problem noted, when it has no name or is no table. */
export function readGroup(
  declared: DeclaredGroup,
  { problems, warnings }: { problems: Problems; warnings: string[] },
): ReadGroup | undefined {
  const { options, at } = declared;
  if (!isRecord(options)) {
    return void problems.add(
      at,
      `the group "${declared.key}" is ${describe(options)}, not a table with tasks.`,
    );
  }
  const { name = declared.key } = options;
  if (typeof name !== "string" || name === "") {
    return void problems.add(at, 'a workflow has no name. Give it one: workflow.define("…", { … }).');
  }
  const refuse = (text: string) => problems.add(at, `workflow "${name}"${text}`);
  const wrong = (option: string, expected: string, value: LuaValue) =>
    refuse(`, option "${option}": expected ${expected}, got ${describe(value)}.`);
  for (const option of Object.keys(options)) {
    if (Object.hasOwn(GROUP_OPTIONS, option)) continue;
    const hint = didYouMean(option, [...Object.keys(GROUP_OPTIONS), "tasks", "build"]);
    refuse(` has an unknown option "${option}".${hint}`);
  }
  if (declared.tasks !== undefined) {
    if (declared.tasks === "nil") refuse(" has no tasks. Give it some: tasks = { … }.");
    else refuse(`, option "tasks": expected a table of tasks, got a ${declared.tasks}.`);
  }
  const read = <T>(
    table: LuaRecord,
    option: string,
    parse: (value: LuaValue) => T | undefined,
    expected: string,
  ) => {
    const value = table[option];
    const result = value === undefined ? undefined : parse(value);
    if (value !== undefined && result === undefined) wrong(option, expected, value);
    return result;
  };
  const config = read(options, "config", asRecord, "a table") ?? {};
  for (const key of Object.keys(config)) {
    if (CONFIG.includes(key)) continue;
    const hint = didYouMean(key, CONFIG);
    warnings.push(`${showPosition(at)}: workflow "${name}": config.${key} has no effect in runner.${hint}`);
  }
  const onStart = read(options, "on_start", readFunction, "a function");
  const onComplete = read(options, "on_complete", readFunction, "a function");
  const description = read(options, "description", asText, "a string");
  const timeout = read(config, "timeout", readDuration, 'a duration such as "10m"');
  const jobs = read(config, "max_parallel_tasks", readPositive, "a whole number from 1 up");
  const retries = read(config, "retries", readCount, "a whole number from 0 up");
  const backoff = read(config, "retry_policy", readBackoff, '"exponential", "linear" or "constant"');
  const exclusive = options.exclusive ?? config.exclusive ?? false;
  if (typeof exclusive !== "boolean") wrong("exclusive", "true or false", exclusive);
  return {
    group: {
      name,
      ...(description !== undefined && { description }),
      ...(onStart !== undefined && { onStart }),
      ...(onComplete !== undefined && { onComplete }),
      ...(timeout !== undefined && { timeout }),
      ...(jobs !== undefined && { jobs }),
      exclusive: exclusive === true,
      declaredAt: at,
    },
    defaults: { ...(retries !== undefined && { retries }), ...(backoff !== undefined && { backoff }) },
  };
}

function asRecord(value: LuaValue): LuaRecord | undefined {
  return isRecord(value) ? value : undefined;
}

function asText(value: LuaValue): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function readPositive(value: LuaValue): number | undefined {
  const count = readCount(value);
  return count === undefined || count < 1 ? undefined : count;
}
