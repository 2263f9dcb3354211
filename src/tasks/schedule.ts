import { MinHeap } from "./heap.ts";
import { predecessorsOf } from "./plan.ts";
import type { Task, TaskStatus } from "./task.ts";

export interface ScheduleOptions {
  /** How many tasks may run at the same time; `async` ones do not count. */
  readonly jobs: number;
  /** Whether what does not depend on a failure goes on. */
  readonly keepGoing: boolean;
}

/** How a task ended, as far as it decides what follows. */
export interface Settled {
  readonly status: TaskStatus;
  /** Whether the whole run stops here. */
  readonly stopsRun?: boolean;
}

/** A task that will not run, and why. */
export interface Skip {
  readonly task: Task;
  readonly reason: string;
}

/** What is known of one task of the plan. */
interface Node {
  readonly task: Task;
  /** Places of the tasks that wait for it. */
  readonly next: number[];
  /** How many of its predecessors have not ended. */
  waiting: number;
  status?: TaskStatus;
  /** Set when it cannot succeed any more because of another task. */
  blockedBy?: string;
}

/**
 * Decides which task may start when, without any effect: the caller starts what `take` gives, and tells by `settle`
 * how each ended. Every task of the order is given out once, or skipped once.
 */
export class Schedule {
  readonly #nodes: Node[];
  readonly #places = new Map<string, number>();
  readonly #ready = new MinHeap();
  readonly #options: ScheduleOptions;
  #slots: number;
  #left: number;
  #stopped: string | undefined;
  #stoppedFor: "failure" | "everything" | undefined;

  /** `order` has every task after its predecessors. */
  constructor(order: readonly Task[], options: ScheduleOptions) {
    this.#options = options;
    this.#slots = options.jobs;
    this.#left = order.length;
    this.#nodes = order.map((task) => ({ task, next: [], waiting: 0 }));
    for (const [place, { task }] of this.#nodes.entries()) this.#places.set(task.name, place);
    for (const [place, node] of this.#nodes.entries()) {
      for (const name of predecessorsOf(node.task)) {
        const before = this.#node(name);
        if (before === undefined) continue;
        before.next.push(place);
        node.waiting++;
      }
      if (node.waiting === 0) this.#ready.push(place);
    }
  }

  /** Whether every task has ended or been skipped. */
  get finished(): boolean {
    return this.#left === 0;
  }

  /** What may start now and what is skipped by now, in the order of the plan. What starts counts as running. */
  take(): { start: Task[]; skip: Skip[] } {
    const start: Task[] = [];
    const skip: Skip[] = [];
    const full: number[] = [];
    for (let place = this.#ready.pop(); place !== undefined; place = this.#ready.pop()) {
      const node = this.#nodes[place];
      if (node === undefined) continue;
      const reason = this.#reasonToSkip(node);
      if (reason !== undefined) {
        skip.push({ task: node.task, reason: reason.text });
        this.#end(node, "skipped", reason.blocks);
      } else if (node.task.options.async) {
        start.push(node.task);
      } else if (this.#slots > 0) {
        this.#slots--;
        start.push(node.task);
      } else {
        full.push(place);
        // Without a place nothing but an async task can start, and those are rare: look on only if there are any.
        if (!this.#hasAsync()) break;
      }
    }
    for (const place of full) this.#ready.push(place);
    return { start, skip };
  }

  /** Tells how a task that was started has ended. */
  settle(name: string, { status, stopsRun = false }: Settled): void {
    const node = this.#node(name);
    if (node === undefined || node.status !== undefined) return;
    if (!node.task.options.async) this.#slots++;
    if (stopsRun) this.stop(`"${name}" stopped the run`);
    else if (status === "failed" && !this.#options.keepGoing) {
      this.#stopped ??= `"${name}" failed`;
      this.#stoppedFor ??= "failure";
    }
    this.#end(node, status, status === "failed" ? `"${name}" failed` : undefined);
  }

  /** Starts nothing more, whatever could run. */
  stop(reason: string): void {
    if (this.#stoppedFor !== "everything") this.#stopped = reason;
    this.#stoppedFor = "everything";
  }

  #reasonToSkip(node: Node): { text: string; blocks?: string } | undefined {
    const { task } = node;
    if (this.#stoppedFor === "everything") return this.#because(this.#stopped ?? "");
    const watched = task.nextIfFail.flatMap((name) => this.#node(name) ?? []);
    const failed = watched.some(({ status }) => status === "failed");
    if (node.blockedBy !== undefined) return this.#because(node.blockedBy);
    if (task.nextIfFail.length > 0) return failed ? undefined : { text: whyNone(task, watched) };
    return this.#stoppedFor === undefined ? undefined : this.#because(this.#stopped ?? "");
  }

  #because(text: string): { text: string; blocks: string } {
    return { text, blocks: text };
  }

  #end(node: Node, status: TaskStatus, blocks: string | undefined): void {
    node.status = status;
    this.#left--;
    const { name } = node.task;
    for (const place of node.next) {
      const next = this.#nodes[place];
      if (next === undefined) continue;
      // A task that waits for the failure is not kept from running by it.
      if (blocks !== undefined && !next.task.nextIfFail.includes(name)) next.blockedBy ??= blocks;
      if (--next.waiting === 0) this.#ready.push(place);
    }
  }

  #async: boolean | undefined;

  #hasAsync(): boolean {
    this.#async ??= this.#nodes.some(({ task }) => task.options.async);
    return this.#async;
  }

  #node(name: string): Node | undefined {
    const place = this.#places.get(name);
    return place === undefined ? undefined : this.#nodes[place];
  }
}

/** Why a task does not run that waits for a failure, of tasks that take part as far as they are `watched`. */
function whyNone({ nextIfFail }: Task, watched: readonly Node[]): string {
  if (watched.length === 0) return notPartOfRun(nextIfFail);
  return `${watched.map(({ task }) => `"${task.name}"`).join(" and ")} did not fail`;
}

/** What keeps a task from running that waits for the failure of tasks of which none takes part. */
export function notPartOfRun(names: readonly string[]): string {
  const list = names.map((name) => `"${name}"`).join(" and ");
  return `${list} ${names.length === 1 ? "is" : "are"} not part of this run`;
}
