import type { Task } from "./task.ts";

/** A dependency of `task` on a name that no task has. */
export interface UnknownDependency {
  readonly task: Task;
  readonly name: string;
}

/**
 * Pure: the tasks that `wanted` needs (all, when it is empty), dependencies first and else in the order of
 * declaration; or the cycle that makes an order impossible, as the names on it with the first one again at the end.
 * Every name, in `wanted` and in `dependsOn`, must be declared (see `unknownDependencies`).
 */
export function planOrder(
  tasks: ReadonlyMap<string, Task>,
  wanted: readonly string[],
): { order: Task[] } | { cycle: string[] } {
  const order: Task[] = [];
  const done = new Set<string>();
  const open = new Set<string>();
  // A stack of our own: chains may be deeper than JavaScript's.
  const stack: { readonly task: Task; next: number }[] = [];
  const enter = (name: string) => {
    const task = tasks.get(name);
    if (task === undefined || done.has(name)) return;
    open.add(name);
    stack.push({ task, next: 0 });
  };
  for (const root of wanted.length > 0 ? inDeclarationOrder(tasks, wanted) : tasks.keys()) {
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const dependency = top.task.dependsOn[top.next++];
      if (dependency === undefined) {
        stack.pop();
        open.delete(top.task.name);
        done.add(top.task.name);
        order.push(top.task);
      } else if (open.has(dependency)) {
        const names = stack.map(({ task }) => task.name);
        return { cycle: [...names.slice(names.indexOf(dependency)), dependency] };
      } else {
        enter(dependency);
      }
    }
  }
  return { order };
}

/** Pure: every dependency on something that is not declared. */
export function unknownDependencies(tasks: ReadonlyMap<string, Task>): UnknownDependency[] {
  return [...tasks.values()].flatMap((task) =>
    task.dependsOn.filter((name) => !tasks.has(name)).map((name) => ({ task, name })),
  );
}

function inDeclarationOrder(tasks: ReadonlyMap<string, Task>, wanted: readonly string[]): string[] {
  const names = new Set(wanted);
  return [...tasks.keys()].filter((name) => names.has(name));
}
