import { messageOf, RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import type { Limit } from "../lua/coroutine.ts";
import type { CallContext } from "../modules/context.ts";
import type { LuaFunction, LuaRecord, LuaValue } from "../modules/module.ts";
import { limitAfter, TimeLimit } from "./limit.ts";
import type { Session } from "./session.ts";
import type { Task, TaskGroup, TaskResult } from "./task.ts";

/** One group while its tasks run. */
interface GroupRun {
  readonly group: TaskGroup;
  /** What stops the run, if `on_start` had something against it. */
  begun?: Promise<string | undefined>;
  limit?: TimeLimit;
  ok: boolean;
}

export interface GroupRunOptions {
  readonly session: Session;
  readonly order: readonly Task[];
  /** Outputs by the whole names of tasks. */
  readonly outputs: LuaRecord;
  /** The time of the whole run. */
  readonly limit: Limit;
  /** Told of a handler that has ended, and whether it succeeded. */
  readonly onHandled: (group: TaskGroup, ok: boolean) => void;
}

/** What belongs to groups: their handlers around their tasks, and their time. */
export class GroupRuns {
  readonly #runs = new Map<TaskGroup, GroupRun>();

  constructor(private readonly options: GroupRunOptions) {
    for (const { group } of options.order) {
      if (group !== undefined && !this.#runs.has(group)) this.#runs.set(group, { group, ok: true });
    }
  }

  /** Called before a task starts: runs `on_start` before the first one of its group. Returns why it must not run. */
  async enter({ group }: Task): Promise<string | undefined> {
    const run = group === undefined ? undefined : this.#runs.get(group);
    if (run === undefined) return undefined;
    run.begun ??= this.#begin(run);
    return run.begun;
  }

  /** The time that a task has besides its own. */
  limitOf({ group }: Task): Limit {
    return (group && this.#runs.get(group)?.limit) ?? this.options.limit;
  }

  /** Called for every task that has ended. */
  count({ task, status, stopsRun }: TaskResult): void {
    const run = task.group && this.#runs.get(task.group);
    if (run !== undefined && (status === "failed" || stopsRun)) run.ok = false;
  }

  /** Runs `on_complete` of every group that began; returns what they had to complain about. */
  async complete(): Promise<string[]> {
    const problems: string[] = [];
    for (const { group, begun, ok } of this.#runs.values()) {
      if (begun === undefined || group.onComplete === undefined) continue;
      const problem = await this.#call(group, "on_complete", group.onComplete, [ok, this.#outputsOf(group)]);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  close(): void {
    for (const { limit } of this.#runs.values()) limit?.[Symbol.dispose]();
  }

  async #begin(run: GroupRun): Promise<string | undefined> {
    const { group } = run;
    if (group.timeout !== undefined) {
      run.limit = new TimeLimit(`the tasks of "${group.name}" took longer than`, group.timeout, {
        parent: this.options.limit,
        name: `workflow "${group.name}"`,
        exitCode: 1,
      });
    }
    return group.onStart === undefined ? undefined : this.#call(group, "on_start", group.onStart, []);
  }

  async #call(
    group: TaskGroup,
    handler: string,
    fn: LuaFunction,
    args: LuaValue[],
  ): Promise<string | undefined> {
    const { session, onHandled } = this.options;
    using limit = limitAfter(this.options.limit);
    const context: CallContext = { cwd: session.workdir, group: group.name, signal: limit.signal };
    let ok = false;
    try {
      const [first, message] = await session.vm.run(fn, args, context, limit);
      ok = first !== false;
      if (ok) return undefined;
      return `${handler} of "${group.name}" said no${typeof message === "string" ? `: ${message}` : ""}`;
    } catch (error) {
      if (!(error instanceof RunnerError) || error.code === "bug") throw error;
      return `${handler} of "${group.name}" raised: ${messageOf(error)}`;
    } finally {
      onHandled(group, ok);
    }
  }

  /** Outputs of the group's tasks by their short names. */
  #outputsOf(group: TaskGroup): LuaRecord {
    const results = createRecord() as LuaRecord;
    for (const task of this.options.order) {
      if (task.group === group && Object.hasOwn(this.options.outputs, task.name)) {
        results[task.shortName] = this.options.outputs[task.name];
      }
    }
    return results;
  }
}
