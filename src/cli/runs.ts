import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { plural } from "../lib/text.ts";
import type { RunRecord } from "../tasks/journal-record.ts";
import { findRun, listRuns, listTasks, pruneRuns, standingOfRun } from "../tasks/runs.ts";
import { defineCommand } from "./command.ts";
import { confirm } from "./confirm.ts";
import { type Context, openContext } from "./context.ts";
import { OUTPUT, STORE, YES } from "./options.ts";
import type { Output } from "./output.ts";
import { formatDuration } from "./render-run.ts";
import { renderTable } from "./table.ts";
import { formatTime, renderTimeline, taskToPlain } from "./timeline.ts";

const ACTIONS = ["list", "show", "prune"] as const;
const COLUMNS = [
  { title: "RUN" },
  { title: "STARTED" },
  { title: "TOOK" },
  { title: "TASKS" },
  { title: "ENDED" },
  { title: "FILE", flexible: true },
] as const;

/** `runner runs`: the journal. */
export const command = defineCommand({
  args: {
    action: {
      type: "positional",
      required: false,
      description: "list (if absent), show RUN, or prune",
      completes: ACTIONS,
    },
    run: { type: "positional", required: false, description: "The id of a run, for show" },
    keep: { type: "string", valueHint: "N", description: "With prune: how many runs stay (run.keep_runs)" },
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Every run of a task file is journaled in the state: its tasks, attempts, times, messages and outputs, and the
end of what each task printed. A run that failed or was killed is taken up again by: runner run --resume [RUN]`,
  examples: ["runner runs", "runner runs list -o json", "runner runs prune --keep 50 --yes"],
  tellsErrors: () => ({}),
  async run({ args, out }) {
    const { action = "list", run } = args;
    if (action !== "show" && run !== undefined) {
      throw new RunnerError("usage", `Cannot run "runner runs ${action}": it has no use for "${run}".`);
    }
    await using context = await openContext(args);
    if (action === "list") return await list(context, out);
    if (action === "prune") return await prune(context, args, out);
    if (action === "show" && run !== undefined) return await show(context, run, out);
    if (action === "show") {
      throw new RunnerError("usage", 'Cannot run "runner runs show": RUN is missing. See: runner runs');
    }
    const hint = didYouMean(action, ACTIONS) || ` It takes ${ACTIONS.join(", ")}.`;
    throw new RunnerError("usage", `Cannot run "runner runs ${action}": there is no such action.${hint}`);
  },
});

async function list({ store }: Context, out: Output): Promise<number> {
  const runs = await listRuns(store);
  if (out.format === "json") out.line(JSON.stringify(runs.map(runToPlain)));
  else if (runs.length === 0) out.note("No run has been journaled yet.");
  else {
    const rows = runs.map((run) => [
      run.id,
      formatTime(run.started),
      run.ended === undefined ? "–" : formatDuration(run.ended - run.started, " s"),
      String(run.tasks),
      standingOfRun(run),
      run.name,
    ]);
    out.line(renderTable(COLUMNS, rows, out));
  }
  return 0;
}

async function show({ store }: Context, id: string, out: Output): Promise<number> {
  const run = await findRun(store, id);
  const tasks = await listTasks(store, run);
  if (out.format === "json") out.line(JSON.stringify({ ...runToPlain(run), tasks: tasks.map(taskToPlain) }));
  else out.line(renderTimeline(run, tasks, out));
  return 0;
}

async function prune(
  { store, config }: Context,
  { keep, yes }: { keep: string | undefined; yes: boolean },
  out: Output,
): Promise<number> {
  if (keep !== undefined && !/^\d+$/.test(keep)) {
    throw new RunnerError("usage", `Cannot use "--keep ${keep}": expected a whole number from 0 up.`);
  }
  // Without a number it removes what the next run would remove unasked.
  if (keep !== undefined && !yes) {
    const but = Number(keep) === 0 ? "all runs" : `all but the newest ${plural(Number(keep), "run")}`;
    await confirm(`remove ${but} from the journal`);
  }
  const removed = await pruneRuns(
    store,
    keep === undefined ? config.settings["run.keep_runs"] : Number(keep),
  );
  if (out.format === "json") out.line(JSON.stringify({ removed }));
  else out.note(`Removed ${plural(removed, "run")} from the journal.`);
  return 0;
}

function runToPlain(run: RunRecord): object {
  return {
    id: run.id,
    file: run.request.file,
    status: standingOfRun(run),
    started_at: new Date(run.started).toISOString(),
    ended_at: run.ended === undefined ? null : new Date(run.ended).toISOString(),
    exit_code: run.exitCode ?? null,
    task_count: run.tasks,
    resumed: run.resumed,
    problems: run.problems ?? [],
  };
}
