import type { CallContext } from "../modules/context.ts";
import type { LogRecord } from "../modules/log.ts";
import type { Observer } from "../tasks/run.ts";
import type { Task, TaskResult } from "../tasks/task.ts";

/** The end of a run in figures. */
export interface RunSummary {
  readonly runId: string;
  readonly results: readonly TaskResult[];
  readonly durationMs: number;
}

/** Shows a run: as text for people, or as events for programs. */
export interface RunReport extends Observer {
  /** What a script prints. */
  print(text: string | Uint8Array, context: CallContext): void;
  log(record: LogRecord, context: CallContext): void;
  runStarted(run: { runId: string; file: string; tasks: readonly Task[] }): void;
  runEnded(summary: RunSummary): void;
  /** A plain script, or the top level of a file, raised an error. */
  scriptFailed(error: unknown): void;
}

/** How many tasks ended in each way. */
export function countResults(results: readonly TaskResult[]): {
  done: number;
  skipped: number;
  failed: number;
} {
  const count = (status: TaskResult["status"]) => results.filter((result) => result.status === status).length;
  return { done: count("ok"), skipped: count("skipped"), failed: count("failed") };
}
