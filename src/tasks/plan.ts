import type { Task } from "./task.ts";

/**
 * Pure: the tasks that `wanted` needs (all, when it is empty), dependencies first and else in the order of
 * declaration; or the cycle that makes an order impossible, as the names on it with the first one again at the end.
 * Every name, in `wanted` and in the tasks, must be declared. What a task waits for by `next_if_fail` comes before it
 * where it takes part, but is not needed by it.
 */
export function planOrder(
  tasks: ReadonlyMap<string, Task>,
  wanted: readonly string[],
): { order: Task[] } | { cycle: string[] } {
  const taking = wanted.length === 0 ? undefined : closure(tasks, wanted);
  const order: Task[] = [];
  const done = new Set<string>();
  const open = new Set<string>();
  // A stack of our own: chains may be deeper than JavaScript's.
  const stack: { readonly task: Task; readonly before: readonly string[]; next: number }[] = [];
  const enter = (name: string) => {
    const task = tasks.get(name);
    if (task === undefined || done.has(name) || taking?.has(name) === false) return;
    open.add(name);
    stack.push({ task, before: predecessorsOf(task), next: 0 });
  };
  for (const root of tasks.keys()) {
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const before = top.before[top.next++];
      if (before === undefined) {
        stack.pop();
        open.delete(top.task.name);
        done.add(top.task.name);
        order.push(top.task);
      } else if (open.has(before)) {
        const names = stack.map(({ task }) => task.name);
        return { cycle: [...names.slice(names.indexOf(before)), before] };
      } else {
        enter(before);
      }
    }
  }
  return { order };
}

/** Pure: what must have ended before a task may start. */
export function predecessorsOf({ dependsOn, nextIfFail }: Task): readonly string[] {
  return nextIfFail.length === 0 ? dependsOn : [...new Set([...dependsOn, ...nextIfFail])];
}

/** The wanted tasks and all that they depend on. */
function closure(tasks: ReadonlyMap<string, Task>, wanted: readonly string[]): Set<string> {
  const found = new Set(wanted);
  // A Set hands out what is added while it is walked.
  for (const name of found) for (const needed of tasks.get(name)?.dependsOn ?? []) found.add(needed);
  return found;
}

/** Circles that are told of at most. */
const MOST_CYCLES = 20;
/** Names of a circle that are shown on each side of those that are left out. */
const SHOWN = 6;

/** Pure: circles among tasks, of which no two share a task; the names on each with the first one again at the end. */
export function findCycles(tasks: ReadonlyMap<string, Task>): string[][] {
  const left = new Map(tasks);
  const found: string[][] = [];
  while (found.length < MOST_CYCLES) {
    const plan = planOrder(left, []);
    if ("order" in plan) break;
    found.push(plan.cycle);
    for (const name of plan.cycle) left.delete(name);
  }
  return found;
}

/** Pure: a circle for a message; a long one without its middle. */
export function showCycle(cycle: readonly string[]): string {
  const more = cycle.length - 2 * SHOWN;
  const names = more <= 1 ? cycle : [...cycle.slice(0, SHOWN), `… ${more} more …`, ...cycle.slice(-SHOWN)];
  return names.join(" → ");
}
