import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { RunnerError } from "../lib/errors.ts";
import { STDERR } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { isShown } from "../modules/log.ts";
import type { RunRequest } from "../tasks/journal-record.ts";
import { TimeLimit } from "../tasks/limit.ts";
import { createRunId } from "../tasks/run-id.ts";
import { loadTaskFile } from "../tasks/session.ts";
import { Tails } from "../tasks/tail.ts";
import { readValues } from "../tasks/values.ts";
import { defineCommand } from "./command.ts";
import { type Context, openContext } from "./context.ts";
import { findTaskFile } from "./find-task-file.ts";
import type { Output } from "./output.ts";
import { styleOf } from "./output.ts";
import { openPlugins } from "./plugin/session.ts";
import {
  checkTogether,
  RUN_ARGS,
  type RunArgs,
  readJobs,
  readPermits,
  readTimeout,
  resumeCommand,
} from "./run-args.ts";
import type { RunReport } from "./run-report.ts";
import { secretMatcher } from "./secrets.ts";
import { openRunStores } from "./stores.ts";
import { valueSources } from "./task-options.ts";

/** `runner run`. */
export const command = defineCommand({
  args: RUN_ARGS,
  details: `Without a file it is the runner.lua of this folder or a parent. Tasks run with what they depend on, in that order.
A file that declares no tasks is a plain script: it runs and that is all. What scripts print goes to stdout, all
else to stderr. With -o json, each line of stdout is one event; whatever ends a run, the last is run_ended with its
exit code, and with nothing_to_do when no task had to run.`,
  examples: [
    "runner run hello.lua",
    "runner run deploy.lua --set version=v1.3.0",
    "runner run deploy.lua deploy -o json",
    "runner run deploy.lua --dry-run",
  ],
  tellsErrors: () => ({ event: "script_failed", time: new Date().toISOString() }),
  run: ({ args, out }) => run(args, out),
});

async function run(args: RunArgs, out: Output): Promise<number> {
  const jobs = readJobs(args.jobs);
  readTimeout(args.timeout);
  checkTogether(args);
  if (args.resume) return (await import("./run-resume.ts")).resumeRun(args, out);
  const workdir = args.directory === undefined ? undefined : resolve(args.directory);
  if (workdir !== undefined && !existsSync(workdir)) {
    throw new RunnerError(
      "not_found",
      `Cannot work in "${args.directory}": there is no such folder. Make it before.`,
    );
  }
  const { file, tasks: names } = findTaskFile(wordsOf(args), workdir ?? ".");
  if (args["dry-run"] || args.explain)
    return (await import("./run-plan.ts")).showPlan({ file, names, workdir, args, out });
  const { files: valueFiles, assignments: set } = valueSources(args, file);
  const request: RunRequest = {
    file,
    ...(workdir !== undefined && { workdir }),
    names,
    tags: args.tag,
    set,
    valueFiles,
    ...(args.sandbox && { sandbox: args.allow }),
    ...(jobs !== undefined && { jobs }),
    ...(args["keep-going"] && { keepGoing: true }),
  };
  if (args.watch) {
    return (await import("./run-watch.ts")).runAndWatch(request, (onSession) =>
      runFile({ args, out, request, runId: createRunId(), onSession }),
    );
  }
  return runFile({ args, out, request, runId: createRunId() });
}

/** The words of a command line that name a file, tasks, or a run. */
export function wordsOf({ file, task }: RunArgs): string[] {
  return file === undefined ? [] : [file, ...task];
}

export interface RunFileOptions {
  readonly args: RunArgs;
  readonly out: Output;
  readonly request: RunRequest;
  readonly runId: string;
  /** The store when it is open already; whoever opened it closes it. */
  readonly context?: Context;
  /** Told of the file's tasks before they run. */
  readonly onSession?: (session: import("../tasks/session.ts").Session) => void;
  readonly resumption?: import("../tasks/resume.ts").Resumption;
}

/** Loads a task file and runs what was asked for; returns the exit code. */
export async function runFile(options: RunFileOptions): Promise<number> {
  const { args, request, runId } = options;
  const { file, workdir } = request;
  const values = readValues({ files: request.valueFiles, assignments: request.set });
  const permits = readPermits(args, workdir ?? dirname(file));
  const began = performance.now();
  let limit: TimeLimit | undefined;
  let sources: SourceLoader | undefined;
  const report = await createReport(options, () => sources);
  const tails = new Tails();
  // The store opens while the VM starts.
  const opening = (
    options.context
      ? Promise.resolve(options.context)
      : openContext({ ...args, forTaskFile: file, run: runId })
  ).then(async (context) => {
    const contextOptions = { ...args, forTaskFile: file, run: runId };
    const stores = await openRunStores(context, contextOptions);
    const plugins = await openPlugins(
      context,
      { ...contextOptions, purpose: "run" },
      {
        open: async () => stores,
        run: runId,
        log: (record, task) =>
          report.log(record, { cwd: workdir ?? dirname(file), ...(task !== undefined && { task }) }),
        warn: (message) => report.warn(message),
      },
    );
    return { ...context, ...stores, plugins };
  });
  try {
    const loaded = await loadTaskFile({
      file,
      ...(workdir !== undefined && { workdir }),
      viewpoint: process.cwd(),
      values,
      ...(permits !== undefined && { permits }),
      settings: opening.then(({ config: { settings }, ...stores }) => {
        const timeout = readTimeout(args.timeout) ?? settings["run.timeout"];
        if (timeout !== undefined) {
          limit = new TimeLimit(`Cannot finish ${file}: it took longer than`, timeout, { since: began });
        }
        return {
          ...stores,
          memoryLimit: settings["lua.memory"],
          isSecret: secretMatcher(settings["secrets.patterns"]),
          limit,
        };
      }),
      purpose: "run",
      print: (text, context, stream) => {
        tails.add(context.task, text);
        report.print(text, context, stream);
      },
      readInput: () => {
        report.asks();
        return undefined;
      },
      log: (record, context) => isShown(record, args["log-level"]) && report.log(record, context),
      progress: report.progress,
      onSources: (loader) => {
        sources = loader;
      },
    });
    const { session, ended } = loaded;
    if (ended !== undefined) {
      if (ended.dropped !== undefined) report.warn(ended.dropped);
      return ended.exitCode;
    }
    if (session.declarations.tasks.size === 0) {
      checkPlain(request);
      await session.finish();
      return 0;
    }
    limit?.[Symbol.dispose]();
    options.onSession?.(session);
    const { runSession } = await import("./run-session.ts");
    return await runSession(session, {
      ...options,
      began,
      report,
      tails,
      context: await opening,
      files: sources?.files ?? [],
    });
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    report.scriptFailed(error);
    return error.exitCode;
  } finally {
    limit?.[Symbol.dispose]();
    // Before anything that they use, and while what they say is still shown.
    await opening.then(
      ({ plugins }) => plugins[Symbol.asyncDispose](),
      () => undefined,
    );
    report.close();
    await opening.then(
      async (context) => {
        await context.locks.close();
        if (options.context === undefined) await context[Symbol.asyncDispose]();
      },
      () => undefined,
    );
  }
}

/** A plain script has done its work when it has been loaded. */
function checkPlain({ names, file }: RunRequest): void {
  const [first] = names;
  if (first === undefined) return;
  throw new RunnerError("not_found", `Cannot run "${first}": ${file} declares no tasks.`);
}

async function createReport(
  { args, out }: RunFileOptions,
  sources: () => SourceLoader | undefined,
): Promise<RunReport> {
  if (out.format === "json") return (await import("./run-report-json.ts")).createJsonReport();
  const { createTextReport } = await import("./run-report-text.ts");
  const style = styleOf(STDERR, process.env);
  return createTextReport({
    style,
    sources,
    quiet: args.quiet,
    grouping: args["log-output"] ?? "interleaved",
    resume: (run) => resumeCommand(run, args),
  });
}
