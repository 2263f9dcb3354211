import type { Encoded, Ref, Write } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import { failpoint } from "../lib/failpoint.ts";
import type { ProcessIdentity } from "../lib/machine.ts";
import { encode } from "../state/codec.ts";
import type { SessionChange } from "../state/session.ts";
import type { Store } from "../state/store.ts";
import {
  type AttemptRecord,
  type RunFile,
  type RunRecord,
  type RunRequest,
  type RunStatus,
  runRef,
  type Start,
  type TaskRecord,
  taskRef,
} from "./journal-record.ts";
import type { Task, TaskResult } from "./task.ts";

/** Entries of one commit at most: a failure may skip a hundred thousand tasks. */
const BATCH = 1000;

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
 * Writes down what a run does, before it does it. What happens together is one commit: the end of one task and the
 * start of the next. Everything is noted first; `commit` makes it last.
 */
export class Journal {
  readonly #store: Store;
  readonly #runId: string;
  readonly #now: () => number;
  readonly #noted = new Map<string, { readonly ref: Ref; readonly put: () => Encoded }>();
  readonly #tasks = new Map<string, TaskRecord>();
  #run: RunRecord | undefined;
  #stopped = false;
  /** How many tasks have ended. */
  #endings = 0;
  /** Tasks that begin with the next commit. */
  #starting: Start[] = [];
  /** The last record of the next commit that is about the end of a task. */
  #lastEnded: TaskRecord | undefined;

  constructor({ store, runId, now }: JournalOptions) {
    this.#store = store;
    this.#runId = runId;
    this.#now = now;
  }

  /** A new run, or an earlier one that goes on with what is known of its tasks. */
  begin(beginning: RunBeginning, earlier?: { run: RunRecord; tasks: readonly TaskRecord[] }): void {
    for (const task of earlier?.tasks ?? []) this.#tasks.set(task.name, closed(task));
    this.#noteRun({
      id: this.#runId,
      ...beginning,
      status: "running",
      started: earlier?.run.started ?? this.#now(),
      resumed: earlier === undefined ? 0 : earlier.run.resumed + 1,
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
    else this.#starting.push({ name, index });
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
    this.#noteTask(record);
    this.#lastEnded = record;
    for (const { ref, value } of marks) this.#note(ref, () => value);
    if (attempts.length <= 1) this.#tasks.delete(task.name);
  }

  /** The run is over. */
  finish(status: RunStatus, exitCode: number): void {
    if (this.#run !== undefined) this.#noteRun({ ...this.#run, status, exitCode, ended: this.#now() });
  }

  /**
   * The process is about to end: makes what was noted until now last, and nothing after it. Whoever commits later waits
   * for ever.
   */
  stop(exitCode: number): Awaitable<void> {
    this.finish("stopped", exitCode);
    this.#stopped = true;
    return this.#commit();
  }

  /** Makes all that was noted last. */
  commit(): Awaitable<void> {
    return this.#stopped ? new Promise(() => undefined) : this.#commit();
  }

  #commit(): Awaitable<void> {
    this.#noteStarts();
    if (this.#noted.size === 0) return;
    const batch = [...this.#noted.values()].slice(0, BATCH);
    if (batch.length === this.#noted.size) this.#noted.clear();
    else for (const { ref } of batch) this.#noted.delete(idOf(ref));
    const refs = batch.map(({ ref }) => ref);
    const writes = batch.map(({ put }): Write => ({ put: put(), expires: "never" }));
    failpoint("journal.before");
    const done = this.#store.backend.update(refs, () => ({ result: undefined, writes }), this.#store.writer);
    return chain(done, () => {
      failpoint("journal.after");
      return this.#commit();
    });
  }

  /** What starts is told by what ended, in the same entry: one write for both. */
  #noteStarts(): void {
    const starting = this.#starting;
    const ended = this.#lastEnded;
    this.#starting = [];
    this.#lastEnded = undefined;
    if (starting.length === 0) return;
    if (ended !== undefined) {
      const record = { ...ended, next: starting };
      this.#note(taskRef(this.#runId, ended.name), () => encode(record, ended.name));
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
    this.#note(taskRef(this.#runId, record.name), () => encode(record, record.name));
  }

  #noteRun(record: RunRecord): void {
    this.#run = record;
    this.#note(runRef(this.#runId), () => encode(record, this.#runId));
  }

  #note(ref: Ref, put: () => Encoded): void {
    this.#noted.set(idOf(ref), { ref, put });
  }
}

/** A task of an earlier part of the run: an attempt that its process died in will never end. */
function closed(task: TaskRecord): TaskRecord {
  const attempts = task.attempts.map((attempt) =>
    attempt.ended === undefined
      ? { ...attempt, ended: attempt.started, message: "runner was killed" }
      : attempt,
  );
  return { ...task, attempts };
}

function idOf({ space, key }: Ref): string {
  return `${space} ${key}`;
}
