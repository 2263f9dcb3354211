import { messageOf, RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import type { CallContext } from "../modules/context.ts";
import { runShellLine } from "../modules/exec.ts";
import { LuaFunction, type LuaRecord } from "../modules/module.ts";
import { interpretResults, type Outcome } from "./outcome.ts";
import { createThis, type Session } from "./session.ts";
import type { Task, TaskResult } from "./task.ts";

/** Who watches a run. */
export interface Observer {
  taskStarted(task: Task): void;
  taskEnded(result: TaskResult): void;
  /** What a shell command of a task writes. */
  output(stream: "stdout" | "stderr", chunk: Uint8Array, task: Task): void;
}

export interface RunOptions {
  readonly runId: string;
  readonly observer: Observer;
  /** Milliseconds since any fixed point; only differences are used. */
  readonly clock: () => number;
}

/**
 * Runs tasks one after the other in the given order. When one fails nothing new starts: what is left is skipped.
 * Returns early, with what there is, when a script calls `os.exit`.
 */
export async function runTasks(
  session: Session,
  order: readonly Task[],
  options: RunOptions,
): Promise<{ results: TaskResult[]; exitCode?: number }> {
  const results: TaskResult[] = [];
  const outputs: LuaRecord = createRecord();
  let failed: Task | undefined;
  for (const task of order) {
    if (failed !== undefined) {
      const result: TaskResult = {
        task,
        status: "skipped",
        message: `"${failed.name}" failed`,
        durationMs: 0,
      };
      results.push(result);
      options.observer.taskEnded(result);
      continue;
    }
    options.observer.taskStarted(task);
    const ended = await Promise.race([runTask(session, task, outputs, options), session.exit]);
    if (typeof ended === "number") return { results, exitCode: ended };
    results.push(ended);
    options.observer.taskEnded(ended);
    if (ended.status === "failed") failed = task;
    else outputs[task.name] = ended.outputs ?? createRecord();
  }
  return { results };
}

async function runTask(
  session: Session,
  task: Task,
  outputs: LuaRecord,
  options: RunOptions,
): Promise<TaskResult> {
  const started = options.clock();
  const elapsed = () => options.clock() - started;
  try {
    const outcome = await perform(session, task, outputs, options);
    return { task, status: outcome.ok ? "ok" : "failed", ...outcome, durationMs: elapsed() };
  } catch (error) {
    if (error instanceof RunnerError && error.code === "bug") throw error;
    return { task, status: "failed", message: messageOf(error), error, durationMs: elapsed() };
  } finally {
    await session.locks.releaseTask(task.name);
  }
}

async function perform(
  session: Session,
  task: Task,
  outputs: LuaRecord,
  options: RunOptions,
): Promise<Outcome> {
  const { command } = task;
  if (command === undefined) return { ok: true };
  if (command instanceof LuaFunction) {
    const context: CallContext = { cwd: session.workdir, task: task.name };
    const deps = createRecord() as LuaRecord;
    for (const name of task.dependsOn) deps[name] = outputs[name];
    const args = [createThis(task, options.runId, session.workdir), createRecord(), deps];
    return interpretResults(await session.vm.run(command, args, context));
  }
  const exitCode = await runShellLine(command, session.workdir, (stream, chunk) =>
    options.observer.output(stream, chunk, task),
  );
  return exitCode === 0
    ? { ok: true }
    : { ok: false, message: `the command ended with exit code ${exitCode}` };
}
