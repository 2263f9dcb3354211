import { dirname, resolve } from "node:path";
import { formatExactly } from "../lib/duration.ts";
import type { Store } from "../state/store.ts";
import { chooseTasks } from "../tasks/choose.ts";
import { notPartOfRun } from "../tasks/schedule.ts";
import type { Session } from "../tasks/session.ts";
import { standingOf } from "../tasks/skipping.ts";
import type { Task } from "../tasks/task.ts";
import { permitFiles } from "../tasks/task-files.ts";
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
  /** Whether it runs for nothing but the content of its sources. */
  readonly bySources?: true;
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
    async ({ session, context: { store }, nothing }) => {
      const order = chooseTasks(session.declarations, { names, tags: args.tag });
      const forecasts = [...(await forecastAll(store, session, order)).values()];
      if (out.format === "json") out.line(JSON.stringify(forecasts.map(toPlain)));
      else if (order.length === 0) out.note(nothing);
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
  store: Store,
  session: Session,
  order: readonly Task[],
): Promise<ReadonlyMap<string, Forecast>> {
  const names = new Set(order.map(({ name }) => name));
  const forecasts = new Map<string, Forecast>();
  const before: Task[] = [];
  for (const task of order) {
    const found = await forecast(store, session, task, names);
    const doubt = doubtOf(found, before, session);
    forecasts.set(task.name, doubt === undefined ? found : { task, runs: undefined, reason: doubt });
    if (found.runs !== false || doubt !== undefined) before.push(task);
  }
  return forecasts;
}

/** Why it is not sure what becomes of a task: it depends on others that may run before. */
function doubtOf(
  { task, runs, reason, upToDate, bySources }: Forecast,
  before: readonly Task[],
  session: Session,
): string | undefined {
  const { once } = task.options;
  const same = runs && once !== undefined && before.find(({ options }) => options.once === once);
  if (same) return `${reason}, unless ${same.name} does it before`;
  if (!upToDate && !bySources) return undefined;
  const maker = whoMakesSources(task, before, { session, isCautious: upToDate === true });
  if (maker === undefined) return undefined;
  return `${reason}, unless ${maker} ${upToDate ? "changes its sources" : "makes them as they were"}`;
}

/** Which of some tasks makes files that are sources of another; for the cautious, one that may do so without a word. */
function whoMakesSources(
  task: Task,
  before: readonly Task[],
  { session, isCautious }: { session: Session; isCautious: boolean },
): string | undefined {
  const wanted = pathsOf(task.options.sources, task, session);
  for (const earlier of before) {
    const { generates = [], artifacts = [] } = earlier.options;
    const made = pathsOf([...generates, ...artifacts], earlier, session);
    // A dependency that does not say what it makes may make anything.
    const says = made.length > 0 || earlier.command === undefined || !task.dependsOn.includes(earlier.name);
    if ((isCautious && !says) || wanted.some((one) => made.some((other) => mayMeet(one, other))))
      return earlier.name;
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
  store: Store,
  session: Session,
  task: Task,
  names: ReadonlySet<string>,
): Promise<Forecast> {
  const { nextIfFail } = task;
  if (nextIfFail.length > 0 && !nextIfFail.some((name) => names.has(name))) {
    return { task, runs: false, reason: notPartOfRun(nextIfFail) };
  }
  const folder = session.folderOf(task);
  permitFiles(session.permits, task, folder);
  const standing = await standingOf({ store, session }, task, folder);
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
  const reason = facts.filter(Boolean).join(", ");
  return { task, runs: true, reason, ...(standing?.bySources && { bySources: true }) };
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
  return typeof condition === "string" ? ` by running ${JSON.stringify(condition)}` : "";
}
