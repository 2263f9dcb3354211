import { type Awaitable, chain } from "../lib/awaitable.ts";
import { exitCodeOf } from "../lib/errors.ts";
import { dropMark } from "../lib/guard.ts";
import { createRecord } from "../lib/value.ts";
import type { Limit } from "../lua/coroutine.ts";
import type { LuaValue } from "../modules/module.ts";
import type { Session as StateSession } from "../state/session.ts";
import type { Store } from "../state/store.ts";
import { Turns } from "../state/turns.ts";
import type { Producer } from "./artifacts.ts";
import { type Ended, refuse, runTask, type TaskRun } from "./attempt.ts";
import { GroupRuns } from "./group-run.ts";
import type { Journal } from "./journal.ts";
import { type RunExit, TimeLimit } from "./limit.ts";
import type { Observer } from "./observer.ts";
import { markOf } from "./orphans.ts";
import { OutputCommit } from "./output-commit.ts";
import { Schedule, type Skip } from "./schedule.ts";
import type { Session } from "./session.ts";
import type { Tails } from "./tail.ts";
import type { Task, TaskResult } from "./task.ts";

export interface RunOptions {
  readonly runId: string;
  readonly observer: Observer;
  readonly store: Store;
  readonly journal: Journal;
  /** What knows which task changed what in `State`; absent where that outlives the run. */
  readonly session: StateSession | undefined;
  readonly tails: Tails;
  /** How many tasks run at the same time; undefined where nobody says. */
  readonly jobs: number | undefined;
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
  readonly #results: TaskResult[] = [];
  readonly #problems: string[] = [];
  readonly #producers = new Map<string, Producer>();
  readonly #outputs = new Map<string, LuaValue>();
  readonly #over = Promise.withResolvers<number>();
  /** Ends all work, however long it may take. */
  readonly #ending = new AbortController();
  readonly #time: TimeLimit | undefined;
  readonly #groups: GroupRuns;
  readonly #taskRun: TaskRun;
  readonly #commits: OutputCommit;
  #pumping = false;
  #again = false;
  #isFinishing = false;
  #exit: RunExit | undefined;

  constructor(
    private readonly session: Session,
    order: readonly Task[],
    private readonly options: RunOptions,
  ) {
    const { jobs, keepGoing, observer, store, timeout, clock, random, runId } = options;
    this.#schedule = new Schedule(order, { jobs, keepGoing });
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
    this.#groups = new GroupRuns({
      session,
      order,
      outputs: this.#outputs,
      limit: this.#time ?? end,
      journal: options.journal,
      onNoted: () => this.#commits.watch(),
      changes: options.session,
      earlier: options.earlier,
      onOver: (group) => this.#schedule.stopGroup(group, `the time of "${group.name}" was over`),
    });
    this.#taskRun = {
      session,
      runId,
      outputs: this.#outputs,
      producers: this.#producers,
      store,
      turns: new Turns(session.locks),
      clock,
      random,
      onOutput: (stream, chunk, task) => {
        options.tails.add(task.name, chunk);
        observer.output(stream, chunk, task);
      },
      onRetry: async (task, retry) => {
        options.journal.attempting(task, this.#placeOf(task), retry.message);
        this.#tell((at) => observer.taskRetries(task, retry, at));
        await this.#commits.commit();
      },
      warn: (task, message) => this.#tell(() => observer.warn(message, task)),
    };
    this.#commits = new OutputCommit({
      journal: options.journal,
      vm: session.vm,
      running: options.running,
      onFailure: (error) => this.#over.reject(error),
    });
  }

  async run(): Promise<RunEnd> {
    void this.session.exit.then((exit) => {
      this.#exit ??= exit;
      this.#stop(exit.message);
      this.#ending.abort(exit);
    });
    this.#settleEarlier();
    this.#pump();
    try {
      const exitCode = await this.#over.promise;
      const unfinished =
        exitCode !== 0 || (this.#exit !== undefined && this.#results.some(({ status }) => status !== "ok"));
      return { results: this.#results, problems: this.#problems, exitCode, unfinished };
    } catch (error) {
      await this.#commitLast();
      throw error;
    } finally {
      this.#commits[Symbol.dispose]();
      this.#time?.[Symbol.dispose]();
      this.#groups.close();
    }
  }

  /** What has ended before the run failed is done. */
  async #commitLast(): Promise<void> {
    try {
      await this.#commits.commit();
    } catch {
      // It is what the run failed by, or would only hide that.
    }
  }

  /** What succeeded in an earlier part of the run counts as ended, although it is not in the schedule's hands. */
  #settleEarlier(): void {
    for (const result of this.options.earlier?.values() ?? []) {
      if (this.#schedule.placeOf(result.task.name) === undefined) continue;
      this.#note(result);
    }
  }

  /** Starts what may start, after the journal has it; one at a time, since the journal may have to wait. */
  #pump(): void {
    this.#again = true;
    if (!this.#pumping) void this.#pumpAll();
  }

  async #pumpAll(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#again) {
        const gathered = this.#commits.gather();
        if (gathered instanceof Promise) await gathered;
        this.#again = false;
        const step = this.#step();
        if (step instanceof Promise) await step;
      }
    } catch (error) {
      this.#over.reject(error);
    } finally {
      this.#pumping = false;
    }
  }

  #step(): Awaitable<void> {
    const { journal, earlier } = this.options;
    const { start, skip } = this.#schedule.take();
    for (const skipped of skip) this.#skip(skipped);
    const known = earlier === undefined ? [] : start.filter(({ name }) => earlier.has(name));
    const fresh = known.length === 0 ? start : start.filter(({ name }) => !earlier?.has(name));
    for (const task of fresh) journal.attempting(task, this.#placeOf(task));
    return chain(this.#commits.step(fresh, this.#schedule.finished), () => {
      for (const task of fresh) void this.#perform(task);
      for (const task of known) {
        this.#schedule.settle(task.name, { status: "ok" });
        this.#again = true;
      }
      const isOver = this.#schedule.finished && !this.#again && !this.#isFinishing;
      return isOver ? this.#finish() : undefined;
    });
  }

  async #perform(task: Task): Promise<void> {
    const { observer, tails, journal, session } = this.options;
    try {
      this.options.running.add(task.name);
      this.#commits.begins(task);
      const refused = task.group && (await this.#groups.enter(task));
      this.#tell((at) => observer.taskStarted(task, at));
      const ended: Ended =
        refused === undefined
          ? await runTask(this.#taskRun, task, this.#groups.limitOf(task))
          : refuse(task, refused, this.options);
      const { result, marks } = ended;
      const tail = tails.take(task.name);
      this.options.running.delete(task.name);
      dropMark(markOf(this.options.runId, task.name));
      if (result.status !== "ok") session?.dropChanges(task.name);
      const changes = result.status === "ok" ? session?.takeChanges(task.name) : undefined;
      journal.ended(result, this.#placeOf(task), { tail, marks, session: changes });
      this.#note(result);
      this.#tell((at) => observer.taskEnded(result, tail, at));
      this.#commits.ended(task);
      // Whoever waits for its turn has to find that it is done.
      if (task.options.once !== undefined) await this.#commits.commit();
      const released = this.session.locks.releaseTask(task.name);
      if (released instanceof Promise) await released;
      this.#schedule.settle(task.name, result);
      this.#groups.count(result);
      this.#pump();
    } catch (error) {
      this.#over.reject(error);
    }
  }

  #skip({ task, reason, isBlocked }: Skip): void {
    const result: TaskResult = { task, status: "skipped", message: reason, durationMs: 0, attempts: 0 };
    this.options.journal.ended(result, this.#placeOf(task), { marks: [] });
    this.#note(result);
    this.#tell((at) => this.options.observer.taskEnded(result, undefined, at));
    // What `os.exit(0)` leaves is left on purpose.
    if (isBlocked && this.#exit?.status !== 0) this.#groups.keep(task);
  }

  #note(result: TaskResult): void {
    const { task, status } = result;
    this.#results.push(result);
    if (status === "failed") return;
    this.#outputs.set(task.name, result.outputs ?? createRecord());
    if (task.options.artifacts !== undefined) {
      this.#producers.set(task.name, { task, folder: this.session.folderOf(task) });
    }
  }

  async #finish(): Promise<void> {
    // What a handler does, or the time that is over meanwhile, may have it looked at again what there is to start.
    this.#isFinishing = true;
    this.#problems.push(...(await this.#groups.complete()));
    const failed = this.#problems.length > 0 || this.#results.some(({ status }) => status === "failed");
    const timedOut = this.#time?.signal.aborted;
    this.#over.resolve(this.#exit?.status ?? (timedOut ? TIMED_OUT : failed ? 1 : 0));
  }

  #stop(reason: string): void {
    this.#schedule.stop(reason);
    this.#pump();
  }

  /** Has the observer told of what was noted, once the journal has it. */
  #tell(event: (at: number) => void): void {
    const at = Date.now();
    this.options.journal.tell(() => event(at));
  }

  #placeOf(task: Task): number {
    return this.#schedule.placeOf(task.name) ?? 0;
  }
}

/** The exit code of a run whose time was over. */
const TIMED_OUT = exitCodeOf("timeout");
