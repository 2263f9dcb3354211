import type { CallContext } from "../modules/context.ts";
import type { LogRecord } from "../modules/log.ts";
import type { Progress } from "../modules/progress.ts";
import type { Observer } from "../tasks/observer.ts";
import type { Task, TaskResult } from "../tasks/task.ts";

/** The end of a run in figures. */
export interface RunSummary {
  readonly runId: string;
  readonly results: readonly TaskResult[];
  /** What went wrong apart from the tasks. */
  readonly problems: readonly string[];
  readonly exitCode: number;
  /** Whether something is left that a resume would do. */
  readonly unfinished: boolean;
  readonly durationMs: number;
}

/** What is to run. */
export interface RunOutline {
  readonly runId: string;
  readonly file: string;
  readonly tasks: readonly Task[];
  /** Whether it goes on with an earlier run. */
  readonly resumed: boolean;
}

/** Shows a run: as text for people, or as events for programs. */
export interface RunReport extends Observer {
  /** What a script prints. */
  print(text: string | Uint8Array, context: CallContext): void;
  log(record: LogRecord, context: CallContext): void;
  /** A script does something long; `total` in bytes, undefined when nobody knows. */
  progress(what: string, total: number | undefined, context: CallContext): Progress;
  runStarted(run: RunOutline): void;
  runEnded(summary: RunSummary): void;
  /** A signal ends the run. */
  interrupted(runId: string): void;
  /** A plain script, or the top level of a file, raised an error. */
  scriptFailed(error: unknown): void;
  /** Shows nothing more. */
  close(): void;
}

/** How many tasks ended in each way; `earlier` ones are among the done. */
export function countResults(results: readonly TaskResult[]): {
  done: number;
  skipped: number;
  failed: number;
  earlier: number;
} {
  const counts = { done: 0, skipped: 0, failed: 0, earlier: 0 };
  for (const { status, earlier } of results) {
    if (status === "ok") counts.done++;
    else counts[status]++;
    if (earlier) counts.earlier++;
  }
  return counts;
}

/** Progress that nobody sees. */
export const UNSEEN: Progress = { advance: () => undefined, [Symbol.dispose]: () => undefined };
