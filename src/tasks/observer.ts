import type { Task, TaskResult } from "./task.ts";

/** Who watches a run. It is told what the journal has, so maybe later than it happened: `at`, in ms since the epoch. */
export interface Observer {
  taskStarted(task: Task, at: number): void;
  /** An attempt failed; the next follows after `delay` ms. */
  taskRetries(task: Task, retry: { attempt: number; delay: number; message: string }, at: number): void;
  taskEnded(result: TaskResult, tail: string | undefined, at: number): void;
  /** What a shell command of a task writes. */
  output(stream: "stdout" | "stderr", chunk: Uint8Array, task: Task): void;
  /** Something is odd. */
  warn(message: string, task?: Task): void;
}
