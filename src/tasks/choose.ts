import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import type { Declarations } from "./declarations.ts";
import { planOrder } from "./plan.ts";
import type { Task } from "./task.ts";

/**
 * The tasks that a run by these names and tags consists of, in their order: all of them without either. Raises
 * `not_found` for a name or tag that no task has.
 */
export function chooseTasks(
  declarations: Declarations,
  { names, tags }: { names: readonly string[]; tags: readonly string[] },
): readonly Task[] {
  const { tasks, order } = declarations;
  if (names.length + tags.length === 0) return order;
  let wanted = resolveNames(declarations, names);
  if (tags.length > 0) {
    const among = names.length === 0 ? [...tasks.keys()] : wanted;
    wanted = among.filter((name) => tasks.get(name)?.options.tags?.some((tag) => tags.includes(tag)));
    if (wanted.length === 0) throw noSuchTag(tasks.values(), tags, names);
  }
  const plan = planOrder(tasks, wanted);
  // Among all tasks there is no circle, so there is none among some.
  return "order" in plan ? plan.order : [];
}

function noSuchTag(tasks: Iterable<Task>, tags: readonly string[], names: readonly string[]): RunnerError {
  const known = new Set([...tasks].flatMap(({ options }) => options.tags ?? []));
  const [first = ""] = tags;
  if (names.length > 0 && tags.some((tag) => known.has(tag))) {
    const among = names.map((name) => `"${name}"`).join(" and ");
    return new RunnerError(
      "not_found",
      `Cannot find what is tagged "${tags.join('" or "')}": ${among} ${names.length === 1 ? "is" : "are"} not. Leave out the names or the tag.`,
    );
  }
  const hint = didYouMean(first, known);
  return new RunnerError(
    "not_found",
    `Cannot find what is tagged "${tags.join('" or "')}": no task is.${hint}`,
  );
}

/**
 * Whole names of the tasks that names on the command line stand for: tasks, groups, or short names. Raises `not_found`
 * for one that is not declared, `usage` for one that may be several.
 */
function resolveNames({ names: known }: Declarations, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const meaning = known.resolve(name);
    if (meaning === undefined) {
      const hint = didYouMean(name, known.known);
      throw new RunnerError("not_found", `Cannot find "${name}": no task has this name.${hint}`);
    }
    if ("tasks" in meaning) return meaning.tasks;
    const several = meaning.ambiguous.join(" or ");
    throw new RunnerError("usage", `Cannot choose "${name}": it may be ${several}. Write the whole name.`);
  });
}
