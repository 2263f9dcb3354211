import { DURATION_SYNTAX, parseDuration } from "../lib/duration.ts";
import { isRecord, isScalar, toNumber, toText } from "../modules/arguments.ts";
import { LuaFunction, type LuaRecord, type LuaValue } from "../modules/module.ts";

/** How the delay before each further attempt grows: by a factor, by adding the first delay, or not at all. */
export type Backoff = number | "linear" | "constant";

/** One option of a task. */
export interface OptionSpec<T> {
  /** What a message says after "expected". */
  readonly expected: string;
  /** The same, as the Lua language server writes types. */
  readonly type: string;
  /** What it does, for people. */
  readonly description: string;
  /** The option's value from what a file gave; undefined when it is none. */
  read(value: LuaValue): T | undefined;
}

/** What the functions of a task get: `deps`, or for a hook what its description says. */
const CALLED = "fun(this: runner.this, params: table, deps: any): any, any, any";

// A task that was declared stands for its name.
const NAMES = { expected: "a name or a list of names", type: "string|table", read: readTexts };
const GLOBS = {
  expected: "a pattern for files or a list of patterns",
  type: "string|string[]",
  read: readTexts,
};
const TEXT = { expected: "a string", type: "string", read: readText };
const DURATION = { expected: DURATION_SYNTAX, type: "string|number", read: readDuration };
const FUNCTION = { expected: "a function", type: CALLED, read: readFunction };
// A task that was declared stands for what it does.
const COMMAND = {
  expected: "a function or a line for the shell",
  type: `string|table|${CALLED}`,
  read: readCommand,
};

/**
 * Every option of a task, once: reading, messages, `runner list` and the docs follow this table. What a task is
 * called and which tasks it names is decided with all tasks at hand (declarations.ts).
 */
export const OPTIONS = {
  name: { ...TEXT, description: "what it is called" },
  description: { ...TEXT, description: "what it is for" },
  command: { ...COMMAND, description: "what it does: a function, or a line for the shell" },
  run: { ...COMMAND, description: "the same as command" },
  depends_on: { ...NAMES, description: "tasks that must have succeeded before" },
  next_if_fail: { ...NAMES, description: "runs only if one of these tasks failed" },
  timeout: {
    ...DURATION,
    description:
      "how long an attempt, a hook or a condition may take; then it is stopped with all processes that it started, as far as they show their environment",
  },
  retries: {
    expected: "a whole number from 0 up",
    type: "integer",
    read: readCount,
    description: "extra attempts after a failure",
  },
  retry_delay: { ...DURATION, description: "before the first extra attempt; 1 s if absent, 30 s at most" },
  backoff: {
    expected: 'a factor from 1 up, "exponential", "linear" or "constant"',
    type: 'number|"exponential"|"linear"|"constant"',
    read: readBackoff,
    description: "how the delay grows with each attempt; ×2 if absent",
  },
  run_if: { ...COMMAND, description: "skipped unless this returns true or exits with 0" },
  abort_if: { ...COMMAND, description: "the whole run stops if this returns true or exits with 0" },
  on_success: { ...FUNCTION, description: "called when it has succeeded, with its outputs" },
  on_failure: { ...FUNCTION, description: "called when it has failed, with the message in place of deps" },
  pre_exec: { ...FUNCTION, description: "called before its first attempt" },
  post_exec: { ...FUNCTION, description: "called after its last attempt, with its outputs" },
  params: {
    expected: "a table with names",
    type: "table",
    read: readRecord,
    description: "what its functions get as params",
  },
  env: {
    expected: "a table of names and strings",
    type: "table<string, string|number|boolean>",
    read: readEnvironment,
    description: "environment variables of its commands",
  },
  workdir: { ...TEXT, description: "the folder it works in" },
  tags: { ...NAMES, description: "words to choose tasks by: --tag" },
  lock: { ...TEXT, description: "a state lock that is held while it runs" },
  sources: {
    ...GLOBS,
    description:
      "skipped when these files, its command, env, params and workdir are as they were when it last ran and succeeded",
  },
  generates: { ...GLOBS, description: "files that it makes; it runs when they are missing or changed" },
  once: { ...TEXT, description: "a key; skipped when a task with it ever succeeded" },
  artifacts: { ...GLOBS, description: "files that it hands to the tasks that consume them" },
  consumes: { ...GLOBS, description: "artifacts of other tasks that it works on" },
  delegate_to: { ...NAMES, description: "agents that run it in place of this machine" },
  async: {
    expected: "true or false",
    type: "boolean",
    read: (value: LuaValue) => (typeof value === "boolean" ? value : undefined),
    description: "may overlap with others even when tasks run one at a time",
  },
} as const satisfies Record<string, OptionSpec<unknown>>;

export type OptionName = keyof typeof OPTIONS;

/** Options that have been read. */
export type TaskOptions = {
  readonly [K in OptionName]?: NonNullable<ReturnType<(typeof OPTIONS)[K]["read"]>>;
};

/** Names of options and a word that stands for no option of its own: `uses` has been followed before. */
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** Whether a task has an option of this name. */
export function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function readText(value: LuaValue): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Texts given as one or as a list; an empty table is an empty list. */
function readTexts(value: LuaValue): readonly string[] | undefined {
  if (isRecord(value) && Object.keys(value).length === 0) return [];
  const list: readonly LuaValue[] = Array.isArray(value) ? value : [value];
  return list.every((item): item is string => typeof item === "string" && item !== "") ? list : undefined;
}

/** Milliseconds above zero. */
export function readDuration(value: LuaValue): number | undefined {
  const ms = parseDuration(typeof value === "string" ? value : (toNumber(value) ?? Number.NaN));
  return ms !== undefined && ms > 0 ? ms : undefined;
}

/** A whole number from 0 up. */
export function readCount(value: LuaValue): number | undefined {
  const number = toNumber(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** How the delay grows; "exponential" is ×2. */
export function readBackoff(value: LuaValue): Backoff | undefined {
  if (value === "exponential") return 2;
  if (value === "constant" || value === "fixed") return "constant";
  if (value === "linear") return value;
  const factor = toNumber(value);
  return factor !== undefined && Number.isFinite(factor) && factor >= 1 ? factor : undefined;
}

/** A function of the script. */
export function readFunction(value: LuaValue): LuaFunction | undefined {
  return value instanceof LuaFunction ? value : undefined;
}

function readCommand(value: LuaValue): LuaFunction | string | undefined {
  return typeof value === "string" || value instanceof LuaFunction ? value : undefined;
}

function readRecord(value: LuaValue): LuaRecord | undefined {
  return isRecord(value) ? value : undefined;
}

function readEnvironment(value: LuaValue): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const env: Record<string, string> = {};
  for (const [name, item] of Object.entries(value)) {
    if (!isScalar(item)) return undefined;
    env[name] = toText(item);
  }
  return env;
}
