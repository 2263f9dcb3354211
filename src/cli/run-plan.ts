import { dirname, resolve } from "node:path";
import { formatExactly } from "../lib/duration.ts";
import { chooseTasks } from "../tasks/choose.ts";
import { notPartOfRun } from "../tasks/schedule.ts";
import type { Session } from "../tasks/session.ts";
import { type Skipping, standingOf } from "../tasks/skipping.ts";
import type { Task } from "../tasks/task.ts";
import { inspectFile } from "./inspect-file.ts";
import type { Output } from "./output.ts";
import { type RunArgs, readPermits } from "./run-args.ts";
import { renderTable } from "./table.ts";

const COLUMNS = [
  { title: "TASK" },
  { title: "AFTER" },
  { title: "RUNS" },
  { title: "BECAUSE", flexible: true },
] as const;

/** What would become of one task. */
export interface Forecast {
  readonly task: Task;
  /** Undefined: it depends on what is only known when it is its turn. */
  readonly runs: boolean | undefined;
  readonly reason: string;
  /** Whether it need not run because of its files as they are now. */
  readonly upToDate?: true;
}

/** `runner run --dry-run` and `--explain`: what would run and why; runs no command and writes nothing. */
export function showPlan({
  file,
  names,
  workdir,
  args,
  out,
}: {
  file: string;
  names: readonly string[];
  workdir: string | undefined;
  args: RunArgs;
  out: Output;
}): Promise<number> {
  const permits = readPermits(args, workdir ?? dirname(file));
  return inspectFile(
    { file, ...(workdir !== undefined && { workdir }), args, out, dryRun: args["dry-run"], permits },
    async ({ session, context: { store } }) => {
      const order = chooseTasks(session.declarations, { names, tags: args.tag });
      const forecasts = [...(await forecastAll({ store, file }, session, order)).values()];
      if (out.format === "json") out.line(JSON.stringify(forecasts.map(toPlain)));
      else if (order.length === 0) out.note("It declares no tasks: it is a plain script.");
      else {
        const rows = forecasts.map(({ task, runs, reason }) => [
          task.name,
          task.dependsOn.join(", ") || "–",
          showRuns(runs),
          reason,
        ]);
        out.line(renderTable(COLUMNS, rows, out));
      }
      return 0;
    },
  );
}

/**
 * Pure but for files and the store: what would become of the tasks of a run, by name. Their order has dependencies
 * first.
 */
export async function forecastAll(
  skipping: Skipping,
  session: Session,
  order: readonly Task[],
): Promise<ReadonlyMap<string, Forecast>> {
  const names = new Set(order.map(({ name }) => name));
  const forecasts = new Map<string, Forecast>();
  for (const task of order) {
    const found = await forecast(skipping, session, task, names);
    const changing = found.upToDate ? whoMakesSources(task, session, forecasts.values()) : undefined;
    const reason = `up to date, unless ${changing} changes its sources`;
    forecasts.set(task.name, changing === undefined ? found : { task, runs: undefined, reason });
  }
  return forecasts;
}

/** Which task that may run before makes files that are sources of a task. */
function whoMakesSources(task: Task, session: Session, before: Iterable<Forecast>): string | undefined {
  const wanted = pathsOf(task.options.sources, task, session);
  for (const { task: earlier, runs } of before) {
    if (runs === false) continue;
    const { generates = [], artifacts = [] } = earlier.options;
    const made = pathsOf([...generates, ...artifacts], earlier, session);
    // A dependency that does not say what it makes may make anything.
    const says = made.length > 0 || earlier.command === undefined || !task.dependsOn.includes(earlier.name);
    if (!says || wanted.some((one) => made.some((other) => mayMeet(one, other)))) return earlier.name;
  }
  return undefined;
}

function pathsOf(patterns: readonly string[] = [], task: Task, session: Session): string[] {
  return patterns.map((pattern) => resolve(session.folderOf(task), pattern));
}

/** Whether two patterns may match the same file, as far as one of them matches the other. */
function mayMeet(one: string, other: string): boolean {
  return one === other || new Bun.Glob(one).match(other) || new Bun.Glob(other).match(one);
}

async function forecast(
  skipping: Skipping,
  session: Session,
  task: Task,
  names: ReadonlySet<string>,
): Promise<Forecast> {
  const { nextIfFail } = task;
  if (nextIfFail.length > 0 && !nextIfFail.some((name) => names.has(name))) {
    return { task, runs: false, reason: notPartOfRun(nextIfFail) };
  }
  const standing = await standingOf(skipping, task, session.folderOf(task));
  if (standing?.runs === false) return { task, ...standing };
  const { run_if, abort_if, retries, timeout } = task.options;
  if (task.nextIfFail.length > 0) {
    return { task, runs: undefined, reason: `only if ${task.nextIfFail.join(" or ")} fails` };
  }
  if (run_if !== undefined) return { task, runs: undefined, reason: `run_if decides${quote(run_if)}` };
  if (abort_if !== undefined) return { task, runs: undefined, reason: `abort_if decides${quote(abort_if)}` };
  const facts = [
    standing?.reason ?? "it always runs",
    retries !== undefined && retries > 0 && `up to ${retries + 1} attempts`,
    timeout !== undefined && `${formatExactly(timeout)} at most`,
  ];
  return { task, runs: true, reason: facts.filter(Boolean).join(", ") };
}

/** A forecast for programs. */
export function toPlain({ task, runs, reason }: Forecast): object {
  return { task: task.name, depends_on: task.dependsOn, runs: runs ?? null, reason };
}

/** Whether a task would run, in a word. */
export function showRuns(runs: boolean | undefined): string {
  return runs === undefined ? "perhaps" : runs ? "yes" : "no";
}

function quote(condition: unknown): string {
  return typeof condition === "string" ? `: ${condition}` : "";
}
