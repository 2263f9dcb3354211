import type { LuaFunction, LuaValue } from "../modules/module.ts";
import type { TaskOptions } from "./options.ts";

/** A place in a script. */
export interface Position {
  readonly source: string;
  /** 0 where nobody knows it. */
  readonly line: number;
}

/** Tasks under a common name: a workflow, or an entry of TaskDefinitions. */
export interface TaskGroup {
  readonly name: string;
  readonly description?: string;
  /** Runs before the first of its tasks; what it raises, or `false`, fails them all, and stops a run that does not go on. */
  readonly onStart?: LuaFunction;
  /** Runs after the last of its tasks, with whether all went well and their outputs by name. */
  readonly onComplete?: LuaFunction;
  /** How long all of its tasks may take together, in ms, from the start of the first. */
  readonly timeout?: number;
  /** How many of its tasks may run at the same time; so many may do so also where nobody says how many of all. */
  readonly jobs?: number;
  readonly exclusive: boolean;
  readonly declaredAt: Position;
}

/** One declared task. */
export interface Task {
  /** `group.task` inside of a group. */
  readonly name: string;
  /** Its name inside of its group. */
  readonly shortName: string;
  readonly group?: TaskGroup;
  /** Whole names of tasks, each of which exists. */
  readonly dependsOn: readonly string[];
  /** Whole names of tasks: it runs only if one of them failed. */
  readonly nextIfFail: readonly string[];
  /** A function, or a line for the shell; a task without one only gathers its dependencies. */
  readonly command?: LuaFunction | string;
  /** Whether its functions get `(params, deps)` without `this` in front, as in TaskDefinitions. */
  readonly withoutThis: boolean;
  /** Its other options; those that were not given are absent. */
  readonly options: TaskOptions;
  readonly declaredAt: Position;
}

export type TaskStatus = "ok" | "failed" | "skipped";

/** How a task ended. */
export interface TaskResult {
  readonly task: Task;
  readonly status: TaskStatus;
  /** What it said of itself, why it was skipped, or how it failed. */
  readonly message?: string;
  /** What its dependents get as `deps.name`. */
  readonly outputs?: LuaValue;
  /** What it raised, if it raised something. */
  readonly error?: unknown;
  readonly durationMs: number;
  /** How many times it was tried; 0 when it was skipped. */
  readonly attempts: number;
  /** Whether the whole run stops here, whatever else could go on. */
  readonly stopsRun?: true;
  /** Whether it succeeded in an earlier part of this run, which a resume does not repeat. */
  readonly earlier?: true;
}
