import { resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { openLocks } from "../state/locks/open.ts";
import { planOrder } from "../tasks/plan.ts";
import { runTasks } from "../tasks/run.ts";
import { createRunId } from "../tasks/run-id.ts";
import { checkNames, loadTaskFile, type Session } from "../tasks/session.ts";
import { parseAssignments } from "../tasks/values.ts";
import { defineCommand } from "./command.ts";
import { openContext } from "./context.ts";
import { findTaskFile } from "./find-task-file.ts";
import { OUTPUT, STORE } from "./options.ts";
import { styleOf } from "./output.ts";
import type { RunReport } from "./run-report.ts";

/** `runner run`. */
export const command = defineCommand({
  args: {
    file: {
      type: "positional",
      required: false,
      description: "A task file: ends in .lua or .sloth, or has a /",
    },
    task: { type: "positional", required: false, rest: true, description: "Tasks to run; all without any" },
    directory: { type: "string", alias: "C", valueHint: "DIR", description: "Folder where the tasks work" },
    set: {
      type: "string",
      multiple: true,
      valueHint: "NAME=VALUE",
      description: "A value for the script: values.NAME",
    },
    ...OUTPUT,
    ...STORE,
  },
  details: `Without a file it is the runner.lua of this folder or a parent. Tasks run with what they depend on, in that order.
A file that declares no tasks is a plain script: it runs and that is all. What scripts print goes to stdout, all
else to stderr. With -o json, each line of stdout is one event.`,
  examples: [
    "runner run hello.lua",
    "runner run deploy.lua --set version=v1.3.0",
    "runner run deploy.lua deploy -o json",
  ],
  async run({ args, out }) {
    const workdir = args.directory === undefined ? undefined : resolve(args.directory);
    const { file, tasks: names } = findTaskFile(
      args.file === undefined ? [] : [args.file, ...args.task],
      workdir ?? ".",
    );
    const values = parseAssignments(args.set);
    const runId = createRunId();
    let sources: SourceLoader | undefined;
    const report = await createReport(out.format, () => sources);
    // The store opens while the VM starts.
    const opening = openContext({ ...args, forTaskFile: file, run: runId }).then((context) => ({
      ...context,
      locks: openLocks(context.store),
    }));
    try {
      const loaded = await loadTaskFile({
        file,
        ...(workdir !== undefined && { workdir }),
        viewpoint: process.cwd(),
        values,
        settings: opening.then(({ config, store, locks }) => ({
          store,
          locks,
          memoryLimit: config.settings["lua.memory"],
        })),
        purpose: "run",
        print: report.print,
        log: report.log,
        onSources: (loader) => {
          sources = loader;
        },
      });
      if ("exitCode" in loaded) return loaded.exitCode;
      return await runSession(loaded.session, names, { runId, report });
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      report.scriptFailed(error);
      return error.exitCode;
    } finally {
      await opening.then(
        async (context) => {
          await using _ = context;
          await context.locks.close();
        },
        () => undefined,
      );
    }
  },
});

async function createReport(format: string, sources: () => SourceLoader | undefined): Promise<RunReport> {
  if (format === "json") return (await import("./run-report-json.ts")).createJsonReport();
  const { createTextReport } = await import("./run-report-text.ts");
  return createTextReport({ style: styleOf(2, process.env), sources });
}

/** Runs the tasks of a loaded file; a plain script has done its work by then. */
async function runSession(
  session: Session,
  names: readonly string[],
  { runId, report }: { runId: string; report: RunReport },
): Promise<number> {
  const { tasks } = session;
  checkNames(tasks, names, (name) => didYouMean(name, tasks.keys()));
  if (tasks.size === 0) return 0;
  const plan = planOrder(tasks, names);
  if ("cycle" in plan) {
    throw new RunnerError(
      "invalid",
      `Cannot run ${session.name}: its tasks depend on each other in a circle: ${plan.cycle.join(" → ")}.`,
    );
  }
  const started = performance.now();
  report.runStarted({ runId, file: session.name, tasks: plan.order });
  const { results, exitCode } = await runTasks(session, plan.order, {
    runId,
    observer: report,
    clock: () => performance.now(),
  });
  report.runEnded({ runId, results, durationMs: performance.now() - started });
  return exitCode ?? (results.some(({ status }) => status === "failed") ? 1 : 0);
}
