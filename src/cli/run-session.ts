import { beforeEnding, UNREAD } from "../lib/ending.ts";
import { exitCodeOf, RunnerError } from "../lib/errors.ts";
import { machine } from "../lib/machine.ts";
import type { Locks } from "../state/locks/locks.ts";
import { fileOf } from "../state/open.ts";
import { writerOf } from "../state/writer.ts";
import { chooseTasks } from "../tasks/choose.ts";
import { Journal } from "../tasks/journal.ts";
import type { Changed } from "../tasks/journal-record.ts";
import { watchRun } from "../tasks/limit.ts";
import { stopOrphans } from "../tasks/orphans.ts";
import {
  checkUnchanged,
  earlierResults,
  hashFiles,
  type Resumption,
  realPathOf,
  stopLeftBehind,
} from "../tasks/resume.ts";
import { runTasks } from "../tasks/run.ts";
import { pruneRuns } from "../tasks/runs.ts";
import type { Session } from "../tasks/session.ts";
import type { Tails } from "../tasks/tail.ts";
import type { Context } from "./context.ts";
import { observeRun } from "./plugin/hooks.ts";
import type { Plugins } from "./plugin/session.ts";
import type { RunFileOptions } from "./run.ts";
import { readJobs, readTimeout, resumeCommand } from "./run-args.ts";
import type { RunReport } from "./run-report.ts";
import type { RunStores } from "./stores.ts";

export interface RunSessionOptions extends Omit<RunFileOptions, "context"> {
  /** When the run began, by `performance.now()`. */
  readonly began: number;
  readonly report: RunReport;
  readonly tails: Tails;
  readonly context: Context & RunStores & { readonly plugins: Plugins };
  /** Files that the session was loaded from; absolute. */
  readonly files: readonly string[];
}

/** Runs the tasks of a loaded file under a journal; returns the exit code. */
export async function runSession(session: Session, options: RunSessionOptions): Promise<number> {
  const { args, request, runId, report, tails, context, resumption } = options;
  const { store, locks, config } = context;
  const { declarations } = session;
  const order = chooseTasks(declarations, request);
  const files = hashFiles([...options.files, ...request.valueFiles]);
  if (resumption !== undefined && !args.force) checkUnchanged(resumption.run, files);
  for (const warning of declarations.warnings) report.warn(warning);
  if (declarations.exclusive) {
    await enterAlone(session, locks);
    // The lock is free when its process has died, whatever that has started.
    const { tasks, run } = await stopLeftBehind(store, session.file);
    for (const task of tasks) report.warn(`Stopped what was still running of ${task}, of run ${run}.`);
  }

  const earlier = resumption && earlierResults(resumption.tasks, declarations.tasks);
  const { changes } = context.session;
  for (const { name, session: all = [] } of resumption === undefined ? [] : changedBy(resumption)) {
    await changes?.applyChanges(all, writerOf(store.writer, name));
  }
  const journal = new Journal({ store, runId, now: () => store.backend.now() });
  journal.begin(
    { request, name: session.name, tasks: order.length, process: machine.self, files },
    resumption,
  );
  const outline = { runId, file: session.name, tasks: order, resumed: resumption !== undefined };
  // Whoever reads the id may ask for the run, whatever becomes of this process.
  const at = Date.now();
  journal.tell(() => report.runStarted(outline, at));
  if (context.plugins.hooks !== undefined) await journal.commit();
  using hooked = await observeRun(outline, report, context);
  const running = new Set<string>();
  let why: string | undefined;
  let isSaid = false;
  const sayStopped = () => {
    if (why !== undefined && !isSaid) report.interrupted(runId, why);
    isSaid = why !== undefined;
  };
  const callOff = beforeEnding({
    when: "idle",
    actAtOnce: (exitCode) => {
      sayStopped();
      if (why !== undefined) report.runStopped(why, exitCode);
    },
    act: async (exitCode) => {
      why = exitCode === UNREAD ? "Nobody reads what it prints" : "Interrupted";
      await journal.stop(STOPPED);
      sayStopped();
      await stopOrphans(runId, [...running], STRAYS_GRACE);
      report.runStopped(why, exitCode);
    },
  });
  const { settings } = config;
  const timeout = readTimeout(args.timeout) ?? settings["run.timeout"];
  const started = performance.now();
  watchRun({
    id: runId,
    resume: resumeCommand(runId, args),
    database: fileOf(store.backend),
    writer: store.writer,
    hasEvents: options.out.format === "json",
    began: Date.now(),
    earlier: earlier?.size ?? 0,
  });
  try {
    const end = await runTasks(session, order, {
      runId,
      observer: hooked.observer,
      store,
      journal,
      session: changes,
      tails,
      running,
      jobs:
        readJobs(args.jobs) ?? request.jobs ?? (settings["run.jobs"] > 1 ? settings["run.jobs"] : undefined),
      keepGoing: args["keep-going"] || request.keepGoing || settings["run.keep_going"],
      ...(timeout !== undefined && { timeout: { ms: timeout, since: options.began } }),
      ...(earlier !== undefined && { earlier }),
      clock: () => performance.now(),
      random: Math.random,
    });
    const { exitCode, unfinished, problems } = end;
    if (exitCode !== exitCodeOf("timeout")) await session.finish();
    journal.finish(exitCode !== 0 ? "failed" : unfinished ? "stopped" : "ok", exitCode, problems);
    await journal.commit();
    const summary = { runId, ...end, durationMs: performance.now() - started };
    report.runEnded(summary);
    await hooked.end(summary);
    await pruneRuns(store, settings["run.keep_runs"]);
    return exitCode;
  } catch (error) {
    const exitCode = error instanceof RunnerError ? error.exitCode : exitCodeOf("bug");
    await journal.fail(exitCode);
    report.runFailed(runId, error, exitCode);
    throw error;
  } finally {
    watchRun(undefined);
    callOff();
  }
}

/** How long processes that left their group may take to end after a signal, in ms; below what `ending.ts` grants. */
const STRAYS_GRACE = 1500;

/** What the journal says of a run that a signal ended; which one it was, only the process's exit code tells. */
const STOPPED = 130;

/** The handlers and tasks that have succeeded and changed `State`, in the order in which they ended. */
function changedBy({ run, tasks }: Resumption): readonly Changed[] {
  const succeeded: readonly Changed[] = tasks.filter(({ status, session }) => status === "ok" && session);
  return [...(run.handled ?? []), ...succeeded].toSorted(
    (a, b) => (a.ended ?? 0) - (b.ended ?? 0) || (a.endedBefore ?? 0) - (b.endedBefore ?? 0),
  );
}

async function enterAlone({ file, name }: Session, locks: Locks): Promise<void> {
  const lock = `run:${realPathOf(file)}`.slice(0, 1000);
  const taken = await locks.acquire({ name: lock, ttl: 30_000, timeout: 0, kind: "scope" });
  if (taken !== undefined) return;
  const held = await locks.inspect(lock);
  const who = held === undefined ? "another run of it" : held.holder;
  throw new RunnerError(
    "lock_timeout",
    `Cannot run ${name}: it is exclusive, and ${who} is under way. Try again when that has ended.`,
  );
}
