import type { TaskReport } from "../../plugins/contract.ts";
import type { Store } from "../../state/store.ts";
import type { Observer } from "../../tasks/run.ts";
import type { TaskResult } from "../../tasks/task.ts";
import type { RunOutline, RunSummary } from "../run-report.ts";
import type { Plugins } from "./session.ts";

/** A run as plugins are told of it. */
export interface HookedRun {
  /** Tells the hooks what it is told, and passes it on. */
  readonly observer: Observer;
  /** Tells the hooks of the end; resolves when all of them have had their turn. */
  end(summary: RunSummary): Promise<void>;
}

/** Has the hooks of plugins told of a run. Resolves when those for its start have had their turn. */
export async function observeRun(
  { runId: run, file, tasks }: RunOutline,
  observer: Observer,
  { plugins: { hooks }, store }: { readonly plugins: Plugins; readonly store: Store },
): Promise<HookedRun> {
  if (hooks === undefined) return { observer, end: async () => undefined };
  await hooks.watch(store);
  await hooks.emit("runStart", { run, file, tasks: tasks.map(({ name }) => name) });
  return {
    observer: {
      taskStarted: (task) => {
        observer.taskStarted(task);
        const { description } = task.options;
        void hooks.emit("taskStart", {
          run,
          task: task.name,
          ...(description !== undefined && { description }),
        });
      },
      taskRetries: (task, retry) => observer.taskRetries(task, retry),
      taskEnded: (result, tail) => {
        observer.taskEnded(result, tail);
        void hooks.emit("taskEnd", { run, task: result.task.name, ...reportOf(result) });
      },
      output: (stream, chunk, task) => observer.output(stream, chunk, task),
      warn: (message, task) => observer.warn(message, task),
    },
    end: async ({ exitCode, durationMs, results }) => {
      await hooks.end(store);
      await hooks.emit("runEnd", { run, file, exitCode, duration: durationMs, tasks: results.map(reportOf) });
    },
  };
}

function reportOf({ task, status, durationMs, attempts, message }: TaskResult): TaskReport {
  return {
    name: task.name,
    status,
    duration: durationMs,
    attempts,
    ...(message !== undefined && { message }),
  };
}
