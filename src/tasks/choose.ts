import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import type { Declarations } from "./declarations.ts";
import { planOrder } from "./plan.ts";
import { resolveNames } from "./session.ts";
import type { Task } from "./task.ts";

/**
 * The tasks that a run by these names and tags consists of, in their order: all of them without either. Raises
 * `not_found` for a name or tag that no task has, `invalid` for a cycle.
 */
export function chooseTasks(
  declarations: Declarations,
  { file, names, tags }: { file: string; names: readonly string[]; tags: readonly string[] },
): Task[] {
  const { tasks } = declarations;
  let wanted = resolveNames(declarations, names);
  if (tags.length > 0) {
    const among = names.length === 0 ? [...tasks.keys()] : wanted;
    wanted = among.filter((name) => tasks.get(name)?.options.tags?.some((tag) => tags.includes(tag)));
    if (wanted.length === 0) throw noSuchTag(tasks.values(), tags);
  }
  const plan = planOrder(tasks, wanted);
  if ("order" in plan) return plan.order;
  throw new RunnerError(
    "invalid",
    `Cannot run ${file}: its tasks depend on each other in a circle: ${plan.cycle.join(" → ")}.`,
  );
}

function noSuchTag(tasks: Iterable<Task>, tags: readonly string[]): RunnerError {
  const known = new Set([...tasks].flatMap(({ options }) => options.tags ?? []));
  const [first = ""] = tags;
  const hint = didYouMean(first, known);
  return new RunnerError(
    "not_found",
    `Cannot run what is tagged "${tags.join('" or "')}": no task is.${hint}`,
  );
}
