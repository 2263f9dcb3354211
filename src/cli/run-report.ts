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
  /** What a script prints, or a command of it. */
  print(text: string | Uint8Array, context: CallContext, stream: "stdout" | "stderr"): void;
  /** A script waits for what somebody types. */
  asks(): void;
  log(record: LogRecord, context: CallContext): void;
  /** A script does something long; `total` in bytes, undefined when nobody knows. */
  progress(what: string, total: number | undefined, context: CallContext): Progress;
  /** A run has begun, `at` in ms since the epoch. */
  runStarted(run: RunOutline, at: number): void;
  runEnded(summary: RunSummary): void;
  /** The run cannot go on, or begin, such as without its journal; whoever raised the error tells of it to people. */
  runFailed(runId: string, error: unknown, exitCode: number): void;
  /** A signal ends the run, or what `why` says. */
  interrupted(runId: string, why: string): void;
  /** What a signal had to stop has ended, and this process ends now. */
  runStopped(why: string, exitCode: number): void;
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
