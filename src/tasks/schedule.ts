import { MinHeap } from "./heap.ts";
import { predecessorsOf } from "./plan.ts";
import type { Task, TaskGroup, TaskStatus } from "./task.ts";

export interface ScheduleOptions {
  /**
   * How many tasks may run at the same time; `async` ones do not count. Where nobody says: one, or as many of one group as
   * that allows.
   */
  readonly jobs: number | undefined;
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
  /** Whether a failure or the end of the run keeps it from running. */
  readonly isBlocked: boolean;
}

/** Tasks of a group that says how many of them may run at the same time. */
interface Crew {
  readonly most: number;
  running: number;
  /** Places of those that have to wait for the others, or for a slot. */
  readonly waiting: MinHeap;
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
  /** Places of tasks that have to wait for nothing, or have to be looked at again. */
  readonly #ready = new MinHeap();
  /** Of those that wait for a slot. */
  readonly #waiting = new MinHeap();
  readonly #crews = new Map<TaskGroup, Crew>();
  readonly #stoppedGroups = new Map<TaskGroup, string>();
  readonly #options: ScheduleOptions;
  #slots: number;
  #left: number;
  #stopped: string | undefined;
  #stoppedFor: "failure" | "everything" | undefined;

  /** `order` has every task after its predecessors. */
  constructor(order: readonly Task[], options: ScheduleOptions) {
    this.#options = options;
    this.#slots = options.jobs ?? 1;
    this.#left = order.length;
    this.#nodes = order.map((task) => ({ task, next: [], waiting: 0 }));
    for (const [place, { task }] of this.#nodes.entries()) this.#places.set(task.name, place);
    for (const [place, node] of this.#nodes.entries()) {
      const { group } = node.task;
      if (group?.jobs !== undefined && !this.#crews.has(group)) {
        this.#crews.set(group, { most: group.jobs, running: 0, waiting: new MinHeap() });
      }
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

  /** The place of a task in the order; undefined when it takes no part. */
  placeOf(name: string): number | undefined {
    return this.#places.get(name);
  }

  /** What may start now and what is skipped by now, in the order of the plan. What starts counts as running. */
  take(): { start: Task[]; skip: Skip[] } {
    const start: Task[] = [];
    const skip: Skip[] = [];
    for (let place = this.#next(); place !== undefined; place = this.#next()) {
      const node = this.#nodes[place];
      if (node === undefined) continue;
      const reason = this.#reasonToSkip(node);
      if (reason !== undefined) {
        skip.push({ task: node.task, reason: reason.text, isBlocked: reason.blocks !== undefined });
        this.#end(node, "skipped", reason.blocks);
      } else if (this.#enter(node.task, place)) {
        start.push(node.task);
      } else if (!this.#hasAsync() && this.#crews.size === 0) {
        // Without a slot nothing can start.
        break;
      }
    }
    return { start, skip };
  }

  /** Takes the first place of those that may have something to do. */
  #next(): number | undefined {
    let from = this.#ready;
    if (this.#slots > 0 && this.#waiting.first < from.first) from = this.#waiting;
    for (const crew of this.#crews.values()) {
      if (this.#hasRoom(crew) && crew.waiting.first < from.first) from = crew.waiting;
    }
    return from.pop();
  }

  /** Takes what a task needs to run; if that is not to be had, the task has to wait for it. */
  #enter({ options, group }: Task, place: number): boolean {
    if (options.async) return true;
    const crew = group && this.#crews.get(group);
    if (!this.#hasRoom(crew)) {
      (crew?.waiting ?? this.#waiting).push(place);
      return false;
    }
    if (!this.#sharesSlot(crew)) this.#slots--;
    if (crew !== undefined) crew.running++;
    return true;
  }

  #leave({ options, group }: Task): void {
    if (options.async) return;
    const crew = group && this.#crews.get(group);
    if (crew !== undefined) crew.running--;
    if (!this.#sharesSlot(crew)) this.#slots++;
  }

  #hasRoom(crew: Crew | undefined): boolean {
    return (crew === undefined || crew.running < crew.most) && (this.#slots > 0 || this.#sharesSlot(crew));
  }

  /** Whether others of the group have a slot for all of it. */
  #sharesSlot(crew: Crew | undefined): boolean {
    return crew !== undefined && crew.running > 0 && this.#options.jobs === undefined;
  }

  /** Tells how a task that was started has ended. */
  settle(name: string, { status, stopsRun = false }: Settled): void {
    const node = this.#node(name);
    if (node === undefined || node.status !== undefined) return;
    this.#leave(node.task);
    if (stopsRun) this.stop(`"${name}" stopped the run`);
    else if (status === "failed" && !this.#options.keepGoing) {
      this.#stopped ??= `"${name}" failed`;
      this.#stoppedFor ??= "failure";
      this.#reconsider();
    }
    this.#end(node, status, status === "failed" ? `"${name}" failed` : undefined);
  }

  /** Starts nothing more, whatever could run. */
  stop(reason: string): void {
    if (this.#stoppedFor !== "everything") this.#stopped = reason;
    this.#stoppedFor = "everything";
    this.#reconsider();
  }

  /** Starts nothing more of a group. */
  stopGroup(group: TaskGroup, reason: string): void {
    this.#stoppedGroups.set(group, reason);
    this.#reconsider();
  }

  /** Those that wait may not have to run any more. */
  #reconsider(): void {
    for (const waiting of [this.#waiting, ...[...this.#crews.values()].map((crew) => crew.waiting)]) {
      for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) this.#ready.push(place);
    }
  }

  #reasonToSkip(node: Node): { text: string; blocks?: string } | undefined {
    const { task } = node;
    if (this.#stoppedFor === "everything") return this.#because(this.#stopped ?? "");
    if (node.blockedBy !== undefined) return this.#because(node.blockedBy);
    const over = task.group && this.#stoppedGroups.get(task.group);
    if (over !== undefined) return this.#because(over);
    if (task.nextIfFail.length > 0) {
      const watched = task.nextIfFail.flatMap((name) => this.#node(name) ?? []);
      const failed = watched.some(({ status }) => status === "failed");
      return failed ? undefined : { text: whyNone(task, watched) };
    }
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
