import { dirname, resolve } from "node:path";
import { TASK_FILE } from "../config/project.ts";
import { RunnerError } from "../lib/errors.ts";
import { claimRun, findResumable } from "../tasks/resume.ts";
import { describeWriter, openContext } from "./context.ts";
import { findTaskFile } from "./find-task-file.ts";
import type { Output } from "./output.ts";
import { runFile, wordsOf } from "./run.ts";
import type { RunArgs } from "./run-args.ts";
import { printNothingLeft } from "./run-report-json.ts";

/** `runner run --resume [ID]`: goes on with a run where it stopped, with the tasks and values that it was given. */
export async function resumeRun(args: RunArgs, out: Output): Promise<number> {
  for (const option of ["set", "values", "tag"] as const) {
    if (args[option].length > 0) throw fixed(`--${option}`);
  }
  if (args.env !== undefined) throw fixed("--env");
  const { file, words } = taskFileOf(args);
  const [id, superfluous] = words;
  if (superfluous !== undefined) {
    throw new RunnerError(
      "usage",
      `Cannot use "${superfluous}" with --resume: it takes one run. See: runner runs`,
    );
  }
  // The run's own task file, of which nothing is known yet, would have the same settings as the one that is here.
  await using context = await openContext({ ...args, forTaskFile: file ?? resolve(TASK_FILE), run: id });
  const resumption = await findResumable(context.store, { id, file: id === undefined ? file : undefined });
  if (resumption.run.status === "ok") {
    if (out.format === "json") printNothingLeft(resumption.run.id, resumption.tasks);
    else out.note(`Run ${resumption.run.id} ended well: nothing is left to do.`);
    return 0;
  }
  const { file: begun, workdir = dirname(begun) } = resumption.run.request;
  if (args.directory !== undefined && resolve(args.directory) !== workdir)
    throw fixed(`-C ${args.directory}`);
  // Only now it is known which run it is that writes.
  const store = context.store.with({ writer: describeWriter(resumption.run.id) });
  const stopped = await claimRun(store, resumption);
  for (const task of stopped) out.note(`Stopped what was still running of ${task}.`);
  const { run } = resumption;
  // What was begun in a sandbox does not leave it.
  const { sandbox } = run.request;
  const confined =
    sandbox === undefined ? args : { ...args, sandbox: true, allow: [...sandbox, ...args.allow] };
  return await runFile({
    args: confined,
    out,
    request: run.request,
    runId: run.id,
    context: { ...context, store },
    resumption,
  });
}

function fixed(option: string): RunnerError {
  return new RunnerError(
    "usage",
    `Cannot use "${option}" with --resume: a run goes on with what it was given. Start a new run for that.`,
  );
}

/** The task file that is named, or that is here; none is needed when a run is named. */
function taskFileOf(args: RunArgs): { file: string | undefined; words: string[] } {
  const words = wordsOf(args);
  try {
    const found = findTaskFile(words, args.directory ?? ".");
    return { file: found.file, words: found.tasks };
  } catch (error) {
    if (error instanceof RunnerError && error.code === "not_found") return { file: undefined, words };
    throw error;
  }
}
