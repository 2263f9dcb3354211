import { RunnerError } from "../lib/errors.ts";
import { createRecord } from "../lib/value.ts";
import type { Limit } from "../lua/coroutine.ts";
import type { LuaRecord } from "../modules/module.ts";
import type { Session as StateSession } from "../state/session.ts";
import type { Store } from "../state/store.ts";
import type { Producer } from "./artifacts.ts";
import { type Ended, runTask, type TaskRun } from "./attempt.ts";
import { GroupRuns } from "./group-run.ts";
import type { Journal } from "./journal.ts";
import { type RunExit, TimeLimit } from "./limit.ts";
import { Schedule, type Skip } from "./schedule.ts";
import type { Session } from "./session.ts";
import type { Tails } from "./tail.ts";
import type { Task, TaskResult } from "./task.ts";

/** Who watches a run. */
export interface Observer {
  taskStarted(task: Task): void;
  /** An attempt failed; the next follows after `delay` ms. */
  taskRetries(task: Task, retry: { attempt: number; delay: number; message: string }): void;
  taskEnded(result: TaskResult, tail: string | undefined): void;
  /** What a shell command of a task writes. */
  output(stream: "stdout" | "stderr", chunk: Uint8Array, task: Task): void;
  /** Something is odd. */
  warn(message: string, task?: Task): void;
}

export interface RunOptions {
  readonly runId: string;
  readonly observer: Observer;
  readonly store: Store;
  readonly journal: Journal;
  /** What knows which task changed what in `State`; absent where that outlives the run. */
  readonly session: StateSession | undefined;
  readonly tails: Tails;
  /** How many tasks run at the same time. */
  readonly jobs: number;
  readonly keepGoing: boolean;
  /** How long the whole run may take, in ms, from when it began by `performance.now()`. */
  readonly timeout?: { readonly ms: number; readonly since: number };
  /** Names of the tasks that are under way, which the run keeps up to date. */
  readonly running: Set<string>;
  /** Results of an earlier part of this run, by task: those that succeeded do not run again. */
  readonly earlier?: ReadonlyMap<string, TaskResult>;
  /** Milliseconds since any fixed point; only differences are used. */
  readonly clock: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** How a run came out. */
export interface RunEnd {
  readonly results: readonly TaskResult[];
  /** What went wrong apart from the tasks, such as in a workflow's handlers. */
  readonly problems: readonly string[];
  readonly exitCode: number;
  /** Whether something is left that a resume would do. */
  readonly unfinished: boolean;
}

/**
 * Runs tasks, which stand in an order that has dependencies first, as the schedule allows. When a script calls
 * `os.exit`, what is under way is stopped and nothing more starts. Rejects when the journal cannot be written.
 */
export function runTasks(session: Session, order: readonly Task[], options: RunOptions): Promise<RunEnd> {
  return new Run(session, order, options).run();
}

class Run {
  readonly #schedule: Schedule;
  readonly #places: ReadonlyMap<string, number>;
  readonly #results: TaskResult[] = [];
  readonly #problems: string[] = [];
  readonly #producers = new Map<string, Producer>();
  readonly #outputs: LuaRecord = createRecord() as LuaRecord;
  readonly #over = Promise.withResolvers<number>();
  /** Ends all work, however long it may take. */
  readonly #ending = new AbortController();
  readonly #time: TimeLimit | undefined;
  readonly #groups: GroupRuns;
  readonly #taskRun: TaskRun;
  /** Results that the journal does not have yet. */
  #ended: { readonly result: TaskResult; readonly tail: string | undefined }[] = [];
  #pumping = false;
  #again = false;
  #exit: RunExit | undefined;

  constructor(
    private readonly session: Session,
    order: readonly Task[],
    private readonly options: RunOptions,
  ) {
    const { jobs, keepGoing, observer, store, timeout, clock, random, runId } = options;
    this.#schedule = new Schedule(order, { jobs, keepGoing });
    this.#places = new Map(order.map((task, place) => [task.name, place]));
    const end: Limit = { signal: this.#ending.signal };
    this.#time =
      timeout === undefined
        ? undefined
        : new TimeLimit("the whole run took longer than", timeout.ms, {
            parent: end,
            name: "the run",
            since: timeout.since,
          });
    this.#time?.signal.addEventListener("abort", () => this.#stop("the time of the run was over"));
    this.#groups = new GroupRuns({ session, order, outputs: this.#outputs, limit: this.#time ?? end });
    this.#taskRun = {
      session,
      runId,
      outputs: this.#outputs,
      producers: this.#producers,
      store,
      file: session.file,
      clock,
      random,
      onOutput: (stream, chunk, task) => {
        options.tails.add(task.name, chunk);
        observer.output(stream, chunk, task);
      },
      onRetry: async (task, retry) => {
        observer.taskRetries(task, retry);
        options.journal.attempting(task, this.#placeOf(task), retry.message);
        await options.journal.commit();
      },
      warn: (task, message) => observer.warn(message, task),
    };
  }

  async run(): Promise<RunEnd> {
    void this.session.exit.then((exit) => {
      this.#exit ??= exit;
      this.#stop(exit.message);
      this.#ending.abort(exit);
    });
    this.#settleEarlier();
    void this.#pump();
    try {
      const exitCode = await this.#over.promise;
      const unfinished =
        exitCode !== 0 || (this.#exit !== undefined && this.#results.some(({ status }) => status !== "ok"));
      return { results: this.#results, problems: this.#problems, exitCode, unfinished };
    } finally {
      this.#time?.[Symbol.dispose]();
      this.#groups.close();
    }
  }

  /** What succeeded in an earlier part of the run counts as ended, although it is not in the schedule's hands. */
  #settleEarlier(): void {
    for (const result of this.options.earlier?.values() ?? []) {
      if (!this.#places.has(result.task.name)) continue;
      this.#note(result);
    }
  }

  /** Starts what may start, after the journal has it; one at a time, since the journal may have to wait. */
  async #pump(): Promise<void> {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#step();
      }
    } catch (error) {
      this.#over.reject(error);
    } finally {
      this.#pumping = false;
    }
  }

  async #step(): Promise<void> {
    const { journal, observer, earlier } = this.options;
    const { start, skip } = this.#schedule.take();
    for (const skipped of skip) this.#skip(skipped);
    const known = start.filter(({ name }) => earlier?.has(name));
    const fresh = known.length === 0 ? start : start.filter(({ name }) => !earlier?.has(name));
    for (const task of fresh) journal.attempting(task, this.#placeOf(task));
    const committed = journal.commit();
    if (committed instanceof Promise) await committed;
    const ended = this.#ended;
    this.#ended = [];
    for (const { result, tail } of ended) observer.taskEnded(result, tail);
    for (const task of fresh) void this.#perform(task);
    for (const task of known) {
      this.#schedule.settle(task.name, { status: "ok" });
      this.#again = true;
    }
    if (this.#schedule.finished && !this.#again && this.#ended.length === 0) await this.#finish();
  }

  async #perform(task: Task): Promise<void> {
    const { observer, tails, journal } = this.options;
    try {
      const refused = await this.#groups.enter(task);
      this.options.running.add(task.name);
      observer.taskStarted(task);
      const ended: Ended =
        refused === undefined
          ? await runTask(this.#taskRun, task, this.#groups.limitOf(task))
          : {
              result: {
                task,
                status: "failed",
                message: refused,
                durationMs: 0,
                attempts: 0,
                ...(!this.options.keepGoing && { stopsRun: true }),
              },
              marks: [],
            };
      const { result, marks } = ended;
      const tail = tails.take(task.name);
      this.options.running.delete(task.name);
      const { session } = this.options;
      if (result.status !== "ok") session?.dropChanges(task.name);
      const changes = result.status === "ok" ? session?.takeChanges(task.name) : undefined;
      journal.ended(result, this.#placeOf(task), { tail, marks, session: changes });
      this.#note(result);
      this.#ended.push({ result, tail });
      this.#schedule.settle(task.name, result);
      this.#groups.count(result);
      await this.#pump();
    } catch (error) {
      this.#over.reject(error);
    }
  }

  #skip({ task, reason }: Skip): void {
    const result: TaskResult = { task, status: "skipped", message: reason, durationMs: 0, attempts: 0 };
    this.options.journal.ended(result, this.#placeOf(task), { marks: [] });
    this.#note(result);
    this.#ended.push({ result, tail: undefined });
    this.#groups.count(result);
  }

  #note(result: TaskResult): void {
    const { task, status } = result;
    this.#results.push(result);
    if (status === "failed") return;
    this.#outputs[task.name] = result.outputs ?? createRecord();
    if (task.options.artifacts !== undefined) {
      this.#producers.set(task.name, { task, folder: this.session.folderOf(task) });
    }
  }

  async #finish(): Promise<void> {
    this.#problems.push(...(await this.#groups.complete()));
    const failed = this.#problems.length > 0 || this.#results.some(({ status }) => status === "failed");
    const timedOut = this.#time?.signal.aborted;
    this.#over.resolve(this.#exit?.status ?? (timedOut ? TIMED_OUT : failed ? 1 : 0));
  }

  #stop(reason: string): void {
    this.#schedule.stop(reason);
    void this.#pump();
  }

  #placeOf(task: Task): number {
    return this.#places.get(task.name) ?? 0;
  }
}

/** The exit code of a run whose time was over. */
const TIMED_OUT = new RunnerError("timeout", "").exitCode;
