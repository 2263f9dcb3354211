import { resolve } from "node:path";
import type { Awaitable } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import type { Limit } from "../lua/coroutine.ts";
import { runShellLine } from "../modules/command.ts";
import type { CallContext } from "../modules/context.ts";
import { LuaFunction, type LuaRecord, type LuaValue } from "../modules/module.ts";
import { limitAfter, TimeLimit } from "./limit.ts";
import { markerOf, stopOrphans } from "./orphans.ts";
import type { Session } from "./session.ts";
import type { Task } from "./task.ts";

/** How long the lock of a task outlasts a process that died, in seconds. */
const LOCK_SECONDS = 30;
/** Whether a shell says that a command cannot be run, is not there, or was ended by a signal; 255 is a plain answer. */
const tellsNoAnswer = (code: number): boolean => code === 126 || code === 127 || (code > 128 && code <= 192);

/** What a task's functions and commands work with. */
export interface Surroundings {
  readonly session: Session;
  readonly runId: string;
  /** Outputs of the tasks that have ended, by name. */
  readonly outputs: ReadonlyMap<string, LuaValue>;
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
    private readonly limit: Limit,
  ) {
    const { workdir } = surroundings.session;
    this.folder = task.options.workdir === undefined ? workdir : resolve(workdir, task.options.workdir);
  }

  /** A hook, with what it gets besides `this` and `params`; it may take as long as an attempt. */
  async call(fn: LuaFunction, third: LuaValue): Promise<LuaValue[]> {
    using outer = limitAfter(this.limit);
    using own = this.ownLimit(outer);
    return await this.#run(fn, () => third, own ?? outer);
  }

  /** The task's own time, from now on; undefined when it was given none. */
  ownLimit(outer: Limit): TimeLimit | undefined {
    const { timeout } = this.task.options;
    return timeout === undefined
      ? undefined
      : new TimeLimit("it took longer than its timeout of", timeout, {
          parent: outer,
          name: `task "${this.task.name}"`,
          task: this.task.name,
          exitCode: 1,
        });
  }

  /**
   * What a condition says, and its reason if it gives one. Of a shell line it is whether it exits with 0; what it says
   * of another exit than 1, the plain no, is shown. Raises when it cannot be run or is ended by a signal.
   */
  async condition(
    name: "run_if" | "abort_if",
    condition: LuaFunction | string,
  ): Promise<{ holds: boolean; reason?: string }> {
    if (typeof condition === "string") {
      this.#permitShell();
      using own = this.ownLimit(this.limit);
      const complaints: Uint8Array[] = [];
      const code = await runShellLine(condition, this.#context(own ?? this.limit), (stream, chunk) => {
        if (stream === "stderr") complaints.push(chunk);
      });
      const said = Buffer.concat(complaints);
      if (tellsNoAnswer(code)) {
        const why = said.toString().trim();
        throw new RunnerError(
          "task_failed",
          `${name} has no answer: ${JSON.stringify(condition)} ended with exit code ${code}${why && `: ${why}`}`,
        );
      }
      if (code > 1 && said.length > 0) this.surroundings.onOutput("stderr", said, this.task);
      return { holds: code === 0 };
    }
    const [holds, reason] = await this.call(condition, this.deps());
    return {
      holds: holds !== undefined && holds !== false,
      ...(typeof reason === "string" && { reason }),
    };
  }

  /** The task itself, once: what its function returned, or the exit code of its shell line. */
  command(limit: Limit): Awaitable<LuaValue[] | number> {
    const { command } = this.task;
    if (command instanceof LuaFunction)
      return this.#run(command, () => this.deps(), limit, this.task.options.lock);
    return command === undefined ? [] : this.#runLine(command, limit);
  }

  async #runLine(command: string, limit: Limit): Promise<number> {
    this.#permitShell();
    try {
      return await runShellLine(command, this.#context(limit), (stream, chunk) =>
        this.surroundings.onOutput(stream, chunk, this.task),
      );
    } finally {
      if (limit.signal.aborted) await this.#stopStrays();
    }
  }

  /** Stops what the task has started and what has left the group that was stopped, as a daemon does. */
  async #stopStrays(): Promise<void> {
    await stopOrphans(this.surroundings.runId, [this.task.name]);
  }

  /** A line for the shell needs the same permission as one that a function hands to exec.run. */
  #permitShell(): void {
    this.surroundings.session.permits.check("exec", "sh", `the shell line of task "${this.task.name}"`);
  }

  /** What the tasks that this one waits for gave, by their names, whole and short. */
  deps(): LuaRecord {
    const deps = createRecord() as LuaRecord;
    const { outputs, session } = this.surroundings;
    for (const name of this.task.dependsOn) {
      const short = session.declarations.tasks.get(name)?.shortName ?? name;
      deps[name] = outputs.get(name);
      deps[short] ??= outputs.get(name);
    }
    return deps;
  }

  async #run(fn: LuaFunction, third: () => LuaValue, limit: Limit, lock?: string): Promise<LuaValue[]> {
    const { session } = this.surroundings;
    const context = this.#context(limit);
    const args = this.#arguments(fn, third);
    try {
      if (lock === undefined) return await session.vm.run(fn, args, context, limit);
      return await session.vm.run(session.words, ["locked", lock, LOCK_SECONDS, fn, ...args], context, limit);
    } finally {
      // What a cancelled function has started is being stopped; until then the task has not ended.
      while (context.running?.size) await Promise.allSettled(context.running);
      const telling = session.tellLost(context);
      if (telling instanceof Promise) await telling;
      if (limit.signal.aborted) await this.#stopStrays();
    }
  }

  /** What a function gets, as far as it takes it: most functions of a file of many tasks take nothing. */
  #arguments(fn: LuaFunction, third: () => LuaValue): LuaValue[] {
    const { session, runId } = this.surroundings;
    const { name, options, withoutThis } = this.task;
    const takes = session.vm.parametersOf(fn);
    if (takes === 0) return [];
    const params: LuaValue = options.params ?? createRecord();
    // Without `this`, it is the parameters that say where the task works.
    if (withoutThis) return [{ workdir: this.folder, ...params }, third()];
    const own: LuaValue = { name, run_id: runId, workdir: this.folder, attempt: this.attempt };
    return takes === 1 ? [own] : takes === 2 ? [own, params] : [own, params, third()];
  }

  #context({ signal }: Limit): CallContext {
    const { env, params = createRecord() } = this.task.options;
    return {
      cwd: this.folder,
      task: this.task.name,
      params,
      running: new Set(),
      env: { ...env, RUNNER_TASK_ID: markerOf(this.surroundings.runId, this.task.name) },
      signal,
    };
  }
}

/** Takes a lock for a task for as long as it runs, waiting as long as it takes. */
export async function holdLock(session: Session, name: string, task: Task, limit: Limit): Promise<void> {
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
export async function withinLimit<T>(work: T | Promise<T>, { signal }: Limit): Promise<T> {
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
