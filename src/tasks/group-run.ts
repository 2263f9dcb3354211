import { messageOf, RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import type { Limit } from "../lua/coroutine.ts";
import type { CallContext } from "../modules/context.ts";
import type { LuaFunction, LuaRecord, LuaValue } from "../modules/module.ts";
import type { Session as StateSession } from "../state/session.ts";
import type { Journal } from "./journal.ts";
import { limitAfter, TimeLimit } from "./limit.ts";
import type { Session } from "./session.ts";
import type { Task, TaskGroup, TaskResult } from "./task.ts";

/** One group while its tasks run. */
interface GroupRun {
  readonly group: TaskGroup;
  /** What stops the run, if `on_start` had something against it. */
  begun?: Promise<string | undefined>;
  /** Whether it began in an earlier part of the run, whose `on_complete` has not ended well. */
  readonly isOutstanding: boolean;
  limit?: TimeLimit;
  /** Whether one of its tasks failed, and whether one was kept from running. */
  hasFailed: boolean;
  wasKept: boolean;
}

export interface GroupRunOptions {
  readonly session: Session;
  readonly order: readonly Task[];
  /** Outputs by the whole names of tasks. */
  readonly outputs: ReadonlyMap<string, LuaValue>;
  /** The time of the whole run. */
  readonly limit: Limit;
  readonly journal: Journal;
  /** Told that the journal may have noted something. */
  readonly onNoted: () => void;
  /** What knows which handler changed what in `State`. */
  readonly changes: StateSession | undefined;
  /** Told when the time of a group is over. */
  readonly onOver: (group: TaskGroup) => void;
  /** Tasks that succeeded in an earlier part of the run. */
  readonly earlier: ReadonlyMap<string, TaskResult> | undefined;
}

/** What belongs to groups: their handlers around their tasks, and their time. */
export class GroupRuns {
  readonly #runs = new Map<TaskGroup, GroupRun>();

  constructor(private readonly options: GroupRunOptions) {
    const { order, earlier, journal } = options;
    for (const { group } of order) {
      if (group === undefined || this.#runs.has(group)) continue;
      const hasBegun =
        earlier !== undefined && order.some((task) => task.group === group && earlier.has(task.name));
      const isOutstanding = hasBegun && !journal.isComplete(group.name);
      this.#runs.set(group, { group, hasFailed: false, wasKept: false, isOutstanding });
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
    if (run !== undefined && (status === "failed" || stopsRun)) run.hasFailed = true;
  }

  /** Called for every task that a failure, or the end of the run or of its group's time, kept from running. */
  keep({ group }: Task): void {
    const run = group && this.#runs.get(group);
    if (run !== undefined) run.wasKept = true;
  }

  /** Runs `on_complete` of every group that began and whose it did not end well since; returns what they had to complain about. */
  async complete(): Promise<string[]> {
    const problems: string[] = [];
    for (const { group, begun, isOutstanding, limit, hasFailed, wasKept } of this.#runs.values()) {
      // The time of the whole run has a word of its own.
      if (wasKept && !hasFailed && limit?.signal.aborted && !this.options.limit.signal.aborted) {
        problems.push(messageOf(limit.signal.reason));
      }
      if (group.onComplete === undefined || (begun === undefined && !isOutstanding)) continue;
      const problem = await this.#call(group, "on_complete", group.onComplete, [
        !hasFailed && !wasKept,
        this.#outputsOf(group),
      ]);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  close(): void {
    for (const { limit } of this.#runs.values()) limit?.[Symbol.dispose]();
  }

  async #begin(run: GroupRun): Promise<string | undefined> {
    const { group } = run;
    this.options.journal.groupBegins(group.name);
    if (group.timeout !== undefined) {
      run.limit = new TimeLimit(`the tasks of "${group.name}" took longer than`, group.timeout, {
        parent: this.options.limit,
        name: `workflow "${group.name}"`,
        exitCode: 1,
      });
      run.limit.signal.addEventListener("abort", () => this.options.onOver(group));
    }
    return group.onStart === undefined ? undefined : this.#call(group, "on_start", group.onStart, []);
  }

  async #call(
    group: TaskGroup,
    handler: "on_start" | "on_complete",
    fn: LuaFunction,
    args: LuaValue[],
  ): Promise<string | undefined> {
    const { session, changes, journal, onNoted } = this.options;
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
      // What a handler changed in `State` is journaled as what a task did.
      if (ok) journal.handled(group.name, handler, changes?.takeChanges(group.name) ?? []);
      else changes?.dropChanges(group.name);
      onNoted();
    }
  }

  /** Outputs of the group's tasks by their short names. */
  #outputsOf(group: TaskGroup): LuaRecord {
    const results = createRecord() as LuaRecord;
    for (const task of this.options.order) {
      if (task.group === group && this.options.outputs.has(task.name)) {
        results[task.shortName] = this.options.outputs.get(task.name);
      }
    }
    return results;
  }
}
