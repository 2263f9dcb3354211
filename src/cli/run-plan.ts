import { dirname } from "node:path";
import { formatSpan } from "../lib/duration.ts";
import { chooseTasks } from "../tasks/choose.ts";
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
      const forecasts: Forecast[] = [];
      for (const task of order) forecasts.push(await forecast({ store, file }, session, task));
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

/** Pure but for files and the store: what would become of a task. */
export async function forecast(skipping: Skipping, session: Session, task: Task): Promise<Forecast> {
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
    timeout !== undefined && `${formatSpan(timeout)} at most`,
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
