import type { Change, Encoded, Ref } from "../backends/backend.ts";
import type { Awaitable } from "../lib/awaitable.ts";
import type { ProcessIdentity } from "../lib/machine.ts";
import { encode } from "../state/codec.ts";
import type { SessionChange } from "../state/session.ts";
import type { Store } from "../state/store.ts";
import {
  type AttemptRecord,
  failRun,
  type RunFile,
  type RunRecord,
  type RunRequest,
  type RunStatus,
  runRef,
  type Start,
  type TaskRecord,
  taskRef,
} from "./journal-record.ts";
import { Pending } from "./pending.ts";
import type { Task, TaskResult } from "./task.ts";

/** How long the last try to write down how a run ended may take, in ms. */
const LAST_TRY_MS = 1000;

/** Something that is remembered with the success of a task, in the same commit. */
export interface Mark {
  readonly ref: Ref;
  readonly value: Encoded;
}

export interface JournalOptions {
  readonly store: Store;
  readonly runId: string;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
}

/** What the journal says of a run when it begins. */
export interface RunBeginning {
  readonly request: RunRequest;
  readonly name: string;
  readonly tasks: number;
  readonly process: ProcessIdentity;
  readonly files: readonly RunFile[];
}

/**
 * Writes down what a run does, before anybody outside of it can see that it was done. Everything is noted first; a
 * commit makes it last, and what was to be told of it is told then. What happens together is one commit: the end of one
 * task and the start of the next, or many of both (output-commit.ts).
 *
 * What it promises of a process that dies at any moment: a task that did something outside of its VM has its start
 * here, so that a resume can deal with what it left behind; one that was told to have ended has its end here, and is not
 * run again. One that did nothing outside may have left no trace: nobody could see that it ran, and it runs again.
 */
export class Journal {
  readonly #store: Store;
  readonly #runId: string;
  readonly #now: () => number;
  readonly #pending: Pending;
  readonly #tasks = new Map<string, TaskRecord>();
  #run: RunRecord | undefined;
  #stopped = false;
  /** How many tasks have ended. */
  #endings = 0;
  /** Tasks that begin with the next commit. */
  readonly #starting = new Map<string, Start>();
  /** The last record about the end of a task, if it does not tell yet of any that began then. */
  #lastEnded: TaskRecord | undefined;

  constructor({ store, runId, now }: JournalOptions) {
    this.#pending = new Pending(store, () => this.#noteStarts());
    this.#store = store;
    this.#runId = runId;
    this.#now = now;
  }

  /** A new run, or an earlier one that goes on with what is known of its tasks. */
  begin(beginning: RunBeginning, earlier?: { run: RunRecord; tasks: readonly TaskRecord[] }): void {
    for (const task of earlier?.tasks ?? []) {
      const known = closed(
        task,
        earlier?.run.status === "stopped" ? "the run was stopped" : "runner was killed",
      );
      this.#tasks.set(task.name, known);
      // Who told of its start may be written anew before it begins again, and a kill may come in between.
      if (task.status === "running") this.#noteTask(known);
    }
    this.#noteRun({
      id: this.#runId,
      ...beginning,
      status: "running",
      started: earlier?.run.started ?? this.#now(),
      resumed: earlier === undefined ? 0 : earlier.run.resumed + 1,
      ...(earlier?.run.handled && { handled: earlier.run.handled }),
      ...(earlier?.run.complete && { complete: earlier.run.complete }),
    });
  }

  /** An attempt of a task begins; `failure` is how the one before it failed. */
  attempting({ name }: Task, index: number, failure?: string): void {
    const attempts = this.#attempts(name, failure);
    const record: TaskRecord = {
      name,
      index,
      status: "running",
      attempts: [...attempts, { started: this.#now() }],
    };
    this.#tasks.set(name, record);
    // What has a record already keeps it up to date.
    if (attempts.length > 0) this.#noteTask(record);
    else this.#starting.set(name, { name, index });
  }

  /** A task has ended or was skipped. Raises `bad_value` for outputs that cannot be stored. */
  ended(
    result: TaskResult,
    index: number,
    {
      tail,
      marks,
      session = [],
    }: { tail?: string | undefined; marks: readonly Mark[]; session?: readonly SessionChange[] | undefined },
  ): void {
    const { task, status, message, outputs } = result;
    const attempts =
      status === "skipped" ? [] : this.#attempts(task.name, status === "failed" ? message : undefined);
    const record: TaskRecord = {
      name: task.name,
      index,
      status,
      attempts,
      ...(message !== undefined && { message }),
      // Whoever got here with outputs has seen that they can be stored.
      ...(outputs !== undefined && { outputs: outputs as Exclude<TaskRecord["outputs"], undefined> }),
      ...(session.length > 0 && { session, endedBefore: this.#endings }),
      ...(tail !== undefined && { tail }),
      ended: this.#now(),
    };
    this.#endings++;
    this.#starting.delete(task.name);
    this.#noteTask(record);
    this.#lastEnded = record;
    for (const { ref, value } of marks) this.#pending.note(ref, () => value);
    if (attempts.length <= 1) this.#tasks.delete(task.name);
  }

  /** A workflow begins, be it again. */
  groupBegins(name: string): void {
    if (this.#run === undefined || !this.isComplete(name)) return;
    this.#noteRun({ ...this.#run, complete: this.#run.complete?.filter((other) => other !== name) ?? [] });
  }

  /** Whether the `on_complete` of a workflow has ended well since it began. */
  isComplete(name: string): boolean {
    return this.#run?.complete?.includes(name) ?? false;
  }

  /** A handler of a workflow has succeeded, and what it changed in `State`. */
  handled(name: string, handler: "on_start" | "on_complete", session: readonly SessionChange[]): void {
    if (this.#run === undefined) return;
    const { handled = [], complete = [] } = this.#run;
    if (session.length > 0) {
      const changed = { name, session, ended: this.#now(), endedBefore: this.#endings };
      this.#noteRun({ ...this.#run, handled: [...handled, changed] });
    }
    if (handler === "on_complete") this.#noteRun({ ...this.#run, complete: [...complete, name] });
  }

  /** The run is over. */
  finish(status: RunStatus, exitCode: number, problems: readonly string[] = []): void {
    if (this.#run === undefined) return;
    const more = problems.length > 0 && { problems };
    this.#noteRun({ ...this.#run, status, exitCode, ended: this.#now(), ...more });
  }

  /**
   * The process is about to end: makes what was noted until now last, and nothing after it. Whoever commits later waits
   * for ever.
   */
  stop(exitCode: number): Awaitable<void> {
    if (this.#stopped) return;
    this.finish("stopped", exitCode);
    this.#stopped = true;
    return this.#pending.commit();
  }

  /**
   * What was noted cannot be made last. That the run has failed is a small record, for which there may be room on a full
   * disk; without it the run counts as killed.
   */
  async fail(exitCode: number): Promise<void> {
    const { backend, writer } = this.#store;
    const end = { exitCode, ended: this.#now() };
    const change: Change<void> = ([entry]) => {
      const put = failRun(entry, end);
      return put === undefined
        ? { result: undefined }
        : { result: undefined, writes: [{ put, expires: "never" }] };
    };
    try {
      const done = backend.update([runRef(this.#runId)], change, writer);
      // Another process may be in the way, as it was before.
      if (done instanceof Promise) await Promise.race([done, Bun.sleep(LAST_TRY_MS)]);
    } catch {
      // The run ends with an error already.
    }
  }

  /** Makes all that was noted last, and tells of it. A commit that failed is the last: all others raise its error. */
  commit(): Awaitable<void> {
    return this.#stopped ? new Promise(() => undefined) : this.#pending.commit();
  }

  /** As `commit`, before it returns: this thread sleeps while another process is writing. */
  commitNow(): void {
    if (!this.#stopped) this.#pending.commitNow();
  }

  /** Whether the store can do that. */
  get hasCommitNow(): boolean {
    return this.#pending.hasCommitNow;
  }

  /** Whether it can, and will most likely not have to sleep. */
  get canCommitNow(): boolean {
    return !this.#stopped && this.#pending.canCommitNow;
  }

  /** Whether all that was noted lasts, and was told. */
  get isEmpty(): boolean {
    return this.#starting.size === 0 && this.#pending.isEmpty;
  }

  /** Whether the process is about to end. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Calls `event` when all that has been noted by now lasts, which may be at once. */
  tell(event: () => void): void {
    if (this.isEmpty) event();
    else this.#pending.tell(event);
  }

  /** What starts is told by what ended, in the same entry: one write for both. */
  #noteStarts(): void {
    const starting = [...this.#starting.values()];
    const ended = this.#lastEnded;
    if (starting.length === 0) return;
    this.#starting.clear();
    this.#lastEnded = undefined;
    if (ended !== undefined) {
      const record = { ...ended, next: starting };
      this.#pending.note(taskRef(this.#runId, ended.name), () => encode(record, ended.name));
    } else if (this.#run !== undefined) {
      this.#noteRun({ ...this.#run, first: [...(this.#run.first ?? []), ...starting] });
    }
  }

  #attempts(name: string, failure: string | undefined): readonly AttemptRecord[] {
    const attempts = this.#tasks.get(name)?.attempts ?? [];
    const last = attempts.at(-1);
    if (last === undefined || last.ended !== undefined) return attempts;
    const ended = { ...last, ended: this.#now(), ...(failure !== undefined && { message: failure }) };
    return [...attempts.slice(0, -1), ended];
  }

  #noteTask(record: TaskRecord): void {
    this.#tasks.set(record.name, record);
    this.#pending.note(taskRef(this.#runId, record.name), () => encode(record, record.name));
  }

  #noteRun(record: RunRecord): void {
    this.#run = record;
    this.#pending.note(runRef(this.#runId), () => encode(record, this.#runId));
  }
}

/** A task of an earlier part of the run: an attempt that its process died in will never end; `message` says why. */
function closed(task: TaskRecord, message: string): TaskRecord {
  const attempts = task.attempts.map((attempt) =>
    attempt.ended === undefined ? { ...attempt, ended: attempt.started, message } : attempt,
  );
  return { ...task, attempts };
}
