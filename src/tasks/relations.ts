import { didYouMean } from "../lib/suggest.ts";
import type { Names } from "./names.ts";
import type { Problems } from "./problems.ts";
import type { Task } from "./task.ts";

/** What the relations of tasks are checked against. */
interface Relations {
  readonly names: Names;
  readonly agents: readonly string[];
  readonly problems: Problems;
}

/** Pure: the tasks with whole names in their relations; notes every name that stands for nothing, or for several. */
export function linkTasks(tasks: ReadonlyMap<string, Task>, relations: Relations): Map<string, Task> {
  const producers = indexArtifacts(tasks);
  const linked = new Map<string, Task>();
  for (const task of tasks.values()) {
    const { dependsOn, nextIfFail } = task;
    const { consumes = [], delegate_to: agents = [] } = task.options;
    if (dependsOn.length + nextIfFail.length + consumes.length + agents.length === 0) {
      linked.set(task.name, task);
      continue;
    }
    const resolve = (names: readonly string[], verb: string) =>
      names.flatMap((name) => resolveName(task, name, verb, relations));
    const produced = consumes.flatMap((file) => {
      const from = producersOf(file, producers).filter((name) => name !== task.name);
      if (from.length === 0) {
        relations.problems.add(
          task.declaredAt,
          `task "${task.name}" consumes "${file}", which is no other task's artifact.`,
        );
      }
      return from;
    });
    checkAgents(task, agents, relations);
    linked.set(task.name, {
      ...task,
      dependsOn: [...new Set([...resolve(dependsOn, "depends on"), ...produced])],
      nextIfFail: [...new Set(resolve(nextIfFail, "waits for a failure of"))],
    });
  }
  return linked;
}

function resolveName(
  task: Task,
  name: string,
  verb: string,
  { names, problems }: Relations,
): readonly string[] {
  const meaning = names.resolve(name, task.group?.name);
  if (meaning === undefined) {
    const hint = didYouMean(name, names.known);
    problems.add(task.declaredAt, `task "${task.name}" ${verb} "${name}", which is not declared.${hint}`);
    return [];
  }
  if ("tasks" in meaning) return meaning.tasks;
  problems.add(
    task.declaredAt,
    `task "${task.name}" ${verb} "${name}", which may be ${meaning.ambiguous.join(" or ")}. Write the whole name.`,
  );
  return [];
}

function checkAgents(task: Task, wanted: readonly string[], { agents, problems }: Relations): void {
  for (const agent of wanted) {
    if (agents.includes(agent)) continue;
    const known = didYouMean(agent, agents) || ` Known is "${agents.join('", "')}", this machine.`;
    problems.add(
      task.declaredAt,
      `task "${task.name}" is delegated to "${agent}", which is not a configured agent.${known}`,
    );
  }
}

/** Tasks by the artifacts that they name, as they name them. */
function indexArtifacts(tasks: ReadonlyMap<string, Task>): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const { name, options } of tasks.values()) {
    for (const artifact of options.artifacts ?? [])
      index.set(artifact, [...(index.get(artifact) ?? []), name]);
  }
  return index;
}

function producersOf(file: string, producers: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const exact = producers.get(file);
  if (exact !== undefined) return exact;
  const matching = [...producers].filter(
    ([artifact]) => new Bun.Glob(artifact).match(file) || new Bun.Glob(file).match(artifact),
  );
  return matching.flatMap(([, names]) => names);
}
