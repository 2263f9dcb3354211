import type { HookEvents, TaskReport } from "../../plugins/contract.ts";
import type { Store } from "../../state/store.ts";
import type { Observer } from "../../tasks/observer.ts";
import type { TaskResult } from "../../tasks/task.ts";
import type { RunOutline, RunSummary } from "../run-report.ts";
import type { Plugins } from "./session.ts";

/** A run as plugins are told of it. */
export interface HookedRun extends Disposable {
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
  if (hooks === undefined) {
    return { observer, end: async () => undefined, [Symbol.dispose]: () => undefined };
  }
  await hooks.watch(store);
  const began = performance.now();
  const ended: TaskReport[] = [];
  let end: HookEvents["runEnd"] | undefined;
  const callOff = hooks.onSignal(
    (exitCode) =>
      end ?? { run, file, status: "stopped", exitCode, duration: performance.now() - began, tasks: ended },
  );
  await hooks.emit("runStart", { run, file, tasks: tasks.map(({ name }) => name) });
  return {
    observer: {
      taskStarted: (task, at) => {
        observer.taskStarted(task, at);
        const { description } = task.options;
        void hooks.emit("taskStart", {
          run,
          task: task.name,
          ...(description !== undefined && { description }),
        });
      },
      taskRetries: (task, retry, at) => observer.taskRetries(task, retry, at),
      taskEnded: (result, tail, at) => {
        observer.taskEnded(result, tail, at);
        const report = reportOf(result);
        ended.push(report);
        void hooks.emit("taskEnd", { run, task: report.name, ...report });
      },
      output: (stream, chunk, task) => observer.output(stream, chunk, task),
      warn: (message, task) => observer.warn(message, task),
    },
    end: async ({ exitCode, durationMs, results, unfinished }) => {
      const status = exitCode !== 0 ? "failed" : unfinished ? "stopped" : "ok";
      end = { run, file, status, exitCode, duration: durationMs, tasks: results.map(reportOf) };
      await hooks.end(store);
      await hooks.emit("runEnd", end);
      callOff();
    },
    [Symbol.dispose]: callOff,
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
