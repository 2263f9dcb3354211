import { resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import { runShellLine } from "../modules/command.ts";
import type { CallContext } from "../modules/context.ts";
import { LuaFunction, type LuaRecord, type LuaValue } from "../modules/module.ts";
import type { TimeLimit } from "./limit.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** How long the lock of a task outlasts a process that died, in seconds. */
const LOCK_SECONDS = 30;

/** What a task's functions and commands work with. */
export interface Surroundings {
  readonly session: Session;
  readonly runId: string;
  /** Outputs of the tasks that have ended, by name. */
  readonly outputs: LuaRecord;
  /** What a shell command of a task writes. */
  readonly onOutput: (stream: "stdout" | "stderr", chunk: Uint8Array, task: Task) => void;
}

/** Calls the functions of one task, each in the task's folder, environment and time. */
export class TaskCalls {
  readonly folder: string;
  attempt = 1;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly task: Task,
    private readonly limit: TimeLimit | undefined,
  ) {
    const { workdir } = surroundings.session;
    this.folder = task.options.workdir === undefined ? workdir : resolve(workdir, task.options.workdir);
  }

  /** A hook or condition, with what it gets besides `this` and `params`. */
  async call(fn: LuaFunction, third: LuaValue): Promise<LuaValue[]> {
    return this.#run(fn, third, this.limit);
  }

  /** What a condition says, and its reason if it gives one. Of a shell line it is whether it exits with 0. */
  async condition(condition: LuaFunction | string): Promise<{ holds: boolean; reason?: string }> {
    if (typeof condition === "string") {
      this.#permitShell();
      return { holds: (await runShellLine(condition, this.#context(this.limit), () => undefined)) === 0 };
    }
    const [holds, reason] = await this.call(condition, this.#deps());
    return {
      holds: holds !== undefined && holds !== false,
      ...(typeof reason === "string" && { reason }),
    };
  }

  /** The task itself, once: what its function returned, or the exit code of its shell line. */
  async command(limit: TimeLimit | undefined): Promise<LuaValue[] | number> {
    const { command } = this.task;
    if (command instanceof LuaFunction)
      return this.#run(command, this.#deps(), limit, this.task.options.lock);
    if (command === undefined) return [];
    this.#permitShell();
    return runShellLine(command, this.#context(limit), (stream, chunk) =>
      this.surroundings.onOutput(stream, chunk, this.task),
    );
  }

  /** A line for the shell needs the same permission as one that a function hands to exec.run. */
  #permitShell(): void {
    this.surroundings.session.permits.check("exec", "sh", `the shell line of task "${this.task.name}"`);
  }

  #deps(): LuaRecord {
    const deps = createRecord() as LuaRecord;
    const { outputs, session } = this.surroundings;
    for (const name of this.task.dependsOn) {
      const short = session.declarations.tasks.get(name)?.shortName ?? name;
      deps[name] = outputs[name];
      deps[short] ??= outputs[name];
    }
    return deps;
  }

  /** For `pre_exec`, which gets what the task itself gets. */
  get deps(): LuaRecord {
    return this.#deps();
  }

  async #run(
    fn: LuaFunction,
    third: LuaValue,
    limit: TimeLimit | undefined,
    lock?: string,
  ): Promise<LuaValue[]> {
    const { session, runId } = this.surroundings;
    const { name, options, withoutThis } = this.task;
    const context = this.#context(limit);
    const own: LuaValue = { name, run_id: runId, workdir: this.folder, attempt: this.attempt };
    const params: LuaValue = options.params ?? createRecord();
    const args = withoutThis ? [params, third] : [own, params, third];
    try {
      if (lock === undefined) return await session.vm.run(fn, args, context, limit);
      return await session.vm.run(session.words, ["locked", lock, LOCK_SECONDS, fn, ...args], context, limit);
    } finally {
      // What a cancelled function has started is being stopped; until then the task has not ended.
      while (context.running?.size) await Promise.allSettled(context.running);
    }
  }

  #context(limit: TimeLimit | undefined): CallContext {
    const { env } = this.task.options;
    return {
      cwd: this.folder,
      task: this.task.name,
      running: new Set(),
      env: { ...env, RUNNER_TASK_ID: markerOf(this.surroundings.runId, this.task.name) },
      ...(limit !== undefined && { signal: limit.signal }),
    };
  }
}

/** What the environment of a task's processes says, by which they are found after the death of runner. */
export function markerOf(runId: string, task: string): string {
  return `${runId}/${task}`;
}

/** Takes the lock of a task for as long as it runs, waiting as long as it takes. */
export async function holdLock(session: Session, task: Task, limit: TimeLimit | undefined): Promise<void> {
  const name = task.options.lock;
  if (name === undefined) return;
  const taken = session.locks.acquire({
    name,
    task: task.name,
    ttl: LOCK_SECONDS * 1000,
    timeout: Number.POSITIVE_INFINITY,
    kind: "scope",
  });
  if ((await withinLimit(taken, limit)) === undefined) {
    throw new RunnerError("lock_timeout", `Cannot take the lock "${name}": it was not to be had.`);
  }
}

/** Waits for something unless the time is over before. */
export async function withinLimit<T>(work: T | Promise<T>, limit: TimeLimit | undefined): Promise<T> {
  if (limit === undefined) return work;
  const { signal } = limit;
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
