import { existsSync } from "node:fs";
import { messageOf, RunnerError } from "../lib/errors.ts";
import type { Limit } from "../lua/coroutine.ts";
import type { LuaFunction, LuaValue } from "../modules/module.ts";
import { encode } from "../state/codec.ts";
import type { Turns } from "../state/turns.ts";
import { checkArtifacts, fetchArtifacts, type Producer } from "./artifacts.ts";
import { holdLock, type Surroundings, TaskCalls, withinLimit } from "./calls.ts";
import { inputsOf, missingOf } from "./fingerprint.ts";
import type { Mark } from "./journal.ts";
import { RunExit, retryDelay } from "./limit.ts";
import { interpretResults, type Outcome } from "./outcome.ts";
import type { Session } from "./session.ts";
import { isFingerprinted, marksOf, mayBeSkipped, type Skipping, waitForTurn, whyNot } from "./skipping.ts";
import type { Task, TaskResult } from "./task.ts";
import { permitFiles } from "./task-files.ts";

/** What one run gives to each of its tasks. */
export interface TaskRun extends Surroundings, Skipping {
  readonly session: Session;
  /** Whose turn it is to do what is done once. */
  readonly turns: Turns;
  /** Milliseconds since any fixed point; only differences are used. */
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Tasks whose artifacts are there, by name. */
  readonly producers: ReadonlyMap<string, Producer>;
  /** An attempt failed and another will follow after `delay` ms. */
  readonly onRetry: (task: Task, retry: { attempt: number; delay: number; message: string }) => Promise<void>;
  /** Something went wrong that does not decide how the task ends. */
  readonly warn: (task: Task, message: string) => void;
}

/** How a task ended, and what is to be remembered of it. */
export interface Ended {
  readonly result: TaskResult;
  readonly marks: readonly Mark[];
}

/** The end of a task whose group must not begin: it stops a run that does not go on. */
export function refuse(task: Task, message: string, { keepGoing }: { readonly keepGoing: boolean }): Ended {
  const result = { task, status: "failed", message, durationMs: 0, attempts: 0 } as const;
  return { result: keepGoing ? result : { ...result, stopsRun: true }, marks: [] };
}

/** How the work of a task came out. */
interface Worked extends Outcome {
  readonly error?: unknown;
}

/**
 * Runs one task to its end: its conditions, its lock, its hooks, and as many attempts as it takes. The locks that it
 * took are left for the caller to release. Rejects only for bugs of the host and when the state cannot be used.
 */
export async function runTask(run: TaskRun, task: Task, limit: Limit): Promise<Ended> {
  const started = run.clock();
  const calls = new TaskCalls(run, task, limit);
  let attempts = 0;
  const end = (
    fields: Pick<TaskResult, "status"> & Partial<TaskResult>,
    marks: readonly Mark[] = [],
  ): Ended => ({
    result: { task, attempts, durationMs: run.clock() - started, ...fields },
    marks,
  });
  try {
    limit.signal.throwIfAborted();
    checkFolder(task, calls.folder);
    permitFiles(run.session.permits, task, calls.folder);
    // Most tasks have nothing but a command: what they do not have costs them no turn.
    const { once, lock, consumes, pre_exec } = task.options;
    if (once !== undefined) await withinLimit(waitForTurn(run, task, once), limit);
    const reason = mayBeSkipped(task) ? await whyNot(run, task, calls) : undefined;
    if (reason !== undefined) return end(reason);
    if (lock !== undefined) await holdLock(run.session, lock, task, limit);
    if (consumes !== undefined) {
      fetchArtifacts(task, calls.folder, producersFor(task, run), run.session.permits);
    }
    // Before the work: what changes while it goes on may have come too late for it.
    const inputs = isFingerprinted(task) ? inputsOf(task, calls.folder, run.session) : undefined;
    let worked = pre_exec === undefined ? undefined : await before(task, pre_exec, calls);
    worked ??= await tryOften(run, task, calls, limit, (count) => {
      attempts = count;
    });
    const last = hasHooks(task) ? await after(run, task, calls, worked) : worked;
    if (!last.ok) return end({ status: "failed", ...last });
    warnOfMissing(run, task, calls.folder);
    const { outputs } = last;
    return end({ status: "ok", ...last }, marksOf(run, task, { folder: calls.folder, inputs, outputs }));
  } catch (error) {
    const { ok, ...failure } = raised(task, error);
    return end({ status: ok ? "skipped" : "failed", ...failure });
  }
}

function hasHooks({ options: { post_exec, on_success, on_failure } }: Task): boolean {
  return post_exec !== undefined || on_success !== undefined || on_failure !== undefined;
}

function warnOfMissing(run: TaskRun, task: Task, folder: string): void {
  if (task.options.generates === undefined) return;
  const missing = missingOf(task, folder).map((pattern) => `"${pattern}"`);
  if (missing.length === 0) return;
  const list = missing.join(" and ");
  run.warn(task, `it has made no ${list}, which it generates: it will run each time`);
}

function checkFolder({ options }: Task, folder: string): void {
  if (options.workdir === undefined || existsSync(folder)) return;
  throw new RunnerError("not_found", `Cannot work in "${folder}": there is no such folder. Make it before.`);
}

async function before(task: Task, hook: LuaFunction, calls: TaskCalls): Promise<Worked | undefined> {
  try {
    const [first, message] = await calls.call(hook, calls.deps());
    return first === false ? { ok: false, message: `pre_exec said no${reasonOf(message)}` } : undefined;
  } catch (error) {
    const worked = raised(task, error);
    // A run that ends well before the work was begun leaves it to be done.
    if (worked.ok) throw error;
    return error instanceof RunExit ? worked : { ...worked, message: `pre_exec raised: ${worked.message}` };
  }
}

async function tryOften(
  run: TaskRun,
  task: Task,
  calls: TaskCalls,
  limit: Limit,
  count: (attempts: number) => void,
): Promise<Worked> {
  const { retries = 0, retry_delay: first, backoff } = task.options;
  for (let attempt = 1; ; attempt++) {
    calls.attempt = attempt;
    count(attempt);
    const worked = await tryOnce(task, calls, limit);
    if (worked.ok || attempt > retries || limit.signal.aborted) return worked;
    const delay = retryDelay(attempt, { first, backoff }, run.random());
    await run.onRetry(task, { attempt, delay, message: worked.message ?? "" });
    try {
      await withinLimit(Bun.sleep(delay), limit);
    } catch (error) {
      return raised(task, error);
    }
  }
}

async function tryOnce(task: Task, calls: TaskCalls, outer: Limit): Promise<Worked> {
  using own = calls.ownLimit(outer);
  try {
    const came = await calls.command(own ?? outer);
    const outcome = typeof came === "number" ? exited(came) : interpretResults(came);
    if (outcome.ok) {
      if (outcome.outputs !== undefined) encode(outcome.outputs, "outputs");
      checkArtifacts(task, calls.folder);
    }
    return outcome;
  } catch (error) {
    return raised(task, error);
  }
}

/** The hooks that follow the work. One that raises makes a success a failure, and leaves a failure what it is. */
async function after(run: TaskRun, task: Task, calls: TaskCalls, worked: Worked): Promise<Worked> {
  const { post_exec, on_success, on_failure } = task.options;
  let last = await hooked(run, task, worked, "post_exec", post_exec, (hook) =>
    calls.call(hook, worked.outputs),
  );
  if (last.ok) {
    last = await hooked(run, task, last, "on_success", on_success, (hook) =>
      calls.call(hook, worked.outputs),
    );
  }
  if (last.ok) return last;
  return hooked(run, task, last, "on_failure", on_failure, (hook) => calls.call(hook, last.message));
}

async function hooked(
  run: TaskRun,
  task: Task,
  worked: Worked,
  name: string,
  hook: LuaFunction | undefined,
  call: (hook: LuaFunction) => Promise<LuaValue[]>,
): Promise<Worked> {
  if (hook === undefined) return worked;
  try {
    const [first, message] = await call(hook);
    if (!worked.ok || name !== "post_exec" || first !== false) return worked;
    return { ok: false, message: `post_exec said no${reasonOf(message)}` };
  } catch (error) {
    const { ok, message } = raised(task, error);
    if (ok) return worked;
    if (worked.ok) return { ok: false, message: `${name} raised: ${message}`, error };
    run.warn(task, `${name} raised: ${message}`);
    return worked;
  }
}

function exited(code: number): Outcome {
  if (code === 0) return { ok: true };
  const hint = code === 127 ? " (the shell found no such command)" : "";
  return { ok: false, message: `the command ended with exit code ${code}${hint}` };
}

function producersFor(task: Task, run: TaskRun): Producer[] {
  return task.dependsOn.flatMap((name) => run.producers.get(name) ?? []);
}

function reasonOf(message: LuaValue): string {
  return typeof message === "string" ? `: ${message}` : "";
}

/** What it means for a task that its work raised something. Raises again what is none of the task's doing. */
function raised(task: Task, error: unknown): Worked {
  if (!(error instanceof RunnerError) || error.code === "bug") throw error;
  if (!(error instanceof RunExit)) return { ok: false, message: messageOf(error), error };
  if (error.task !== task.name) return { ok: false, message: error.message };
  return { ok: error.status === 0, message: `it ended the run: os.exit(${error.status})` };
}
