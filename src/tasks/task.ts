import type { LuaFunction, LuaValue } from "../modules/module.ts";

/** A place in a script. */
export interface Position {
  readonly source: string;
  readonly line: number;
}

/** One declared task. */
export interface Task {
  readonly name: string;
  readonly description?: string;
  /** Names of tasks, each of which exists. */
  readonly dependsOn: readonly string[];
  /** A function, or a line for the shell; a task without one only gathers its dependencies. */
  readonly command?: LuaFunction | string;
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
}
