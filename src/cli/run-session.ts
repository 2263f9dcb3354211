import { chain } from "../lib/awaitable.ts";
import { beforeEnding } from "../lib/ending.ts";
import { RunnerError } from "../lib/errors.ts";
import { machine } from "../lib/machine.ts";
import type { Locks } from "../state/locks/locks.ts";
import { chooseTasks } from "../tasks/choose.ts";
import { Journal } from "../tasks/journal.ts";
import type { TaskRecord } from "../tasks/journal-record.ts";
import { checkUnchanged, earlierResults, hashFiles } from "../tasks/resume.ts";
import { runTasks } from "../tasks/run.ts";
import { pruneRuns } from "../tasks/runs.ts";
import type { Session } from "../tasks/session.ts";
import { type SessionChange, SessionChanges } from "../tasks/session-changes.ts";
import type { Tails } from "../tasks/tail.ts";
import type { Task } from "../tasks/task.ts";
import type { Context } from "./context.ts";
import type { RunFileOptions } from "./run.ts";
import { readJobs, readTimeout } from "./run-args.ts";
import type { RunReport } from "./run-report.ts";
import type { RunStores } from "./stores.ts";

export interface RunSessionOptions extends Omit<RunFileOptions, "context"> {
  readonly report: RunReport;
  readonly tails: Tails;
  readonly context: Context & RunStores;
  /** Files that the session was loaded from; absolute. */
  readonly files: readonly string[];
}

/** Runs the tasks of a loaded file under a journal; returns the exit code. */
export async function runSession(session: Session, options: RunSessionOptions): Promise<number> {
  const { args, request, runId, report, tails, context, resumption } = options;
  const { store, locks, config } = context;
  const { declarations } = session;
  const order = chooseTasks(declarations, { file: session.name, names: request.names, tags: request.tags });
  const files = hashFiles([...options.files, ...request.valueFiles]);
  if (resumption !== undefined && !args.force) checkUnchanged(resumption.run, files);
  for (const warning of declarations.warnings) report.warn(warning);
  if (declarations.exclusive) await enterAlone(session, locks);

  const earlier = resumption && earlierResults(resumption.tasks, declarations.tasks);
  const sessionChanges = new SessionChanges(context.session.store);
  if (resumption !== undefined) await sessionChanges.restore(sessionOf(resumption.tasks));
  const journal = new Journal({ store, runId, now: () => store.backend.now() });
  journal.begin(
    { request, name: session.name, tasks: order.length, process: machine.self, files },
    resumption,
  );
  report.runStarted({ runId, file: session.name, tasks: order, resumed: resumption !== undefined });
  const callOff = beforeEnding({
    when: "idle",
    act: () => {
      journal.finish("stopped", STOPPED);
      return chain(journal.commit(), () => report.interrupted(runId));
    },
  });
  const { settings } = config;
  const timeout = readTimeout(args.timeout) ?? settings["run.timeout"];
  const started = performance.now();
  try {
    const end = await runTasks(session, order, {
      runId,
      observer: report,
      store,
      journal,
      session: sessionChanges,
      tails,
      jobs: readJobs(args.jobs) ?? jobsOf(order) ?? settings["run.jobs"],
      keepGoing: args["keep-going"] || settings["run.keep_going"],
      ...(timeout !== undefined && { timeout }),
      ...(earlier !== undefined && { earlier }),
      clock: () => performance.now(),
      random: Math.random,
    });
    const { results, problems, exitCode } = end;
    journal.finish(exitCode === 0 ? "ok" : "failed", exitCode);
    await journal.commit();
    report.runEnded({ runId, results, problems, exitCode, durationMs: performance.now() - started });
    await pruneRuns(store, settings["run.keep_runs"]);
    return exitCode;
  } finally {
    callOff();
  }
}

/** What the journal says of a run that a signal ended; which one it was, only the process's exit code tells. */
const STOPPED = 130;

/** What tasks that succeeded have changed in `State`, in the order in which they ended. */
function sessionOf(tasks: readonly TaskRecord[]): SessionChange[] {
  const succeeded = tasks.filter(({ status }) => status === "ok");
  return succeeded.toSorted((a, b) => (a.ended ?? 0) - (b.ended ?? 0)).flatMap(({ session = [] }) => session);
}

/** How many tasks may run at the same time by what their groups say. */
function jobsOf(order: readonly Task[]): number | undefined {
  const given = order.flatMap(({ group }) => group?.jobs ?? []);
  return given.length === 0 ? undefined : given.reduce((a, b) => Math.max(a, b));
}

async function enterAlone({ file, name }: Session, locks: Locks): Promise<void> {
  const lock = `run:${file}`.slice(0, 1000);
  const taken = await locks.acquire({ name: lock, ttl: 30_000, timeout: 0, kind: "scope" });
  if (taken !== undefined) return;
  const held = await locks.inspect(lock);
  const who = held === undefined ? "another run of it" : held.holder;
  throw new RunnerError(
    "lock_timeout",
    `Cannot run ${name}: it is exclusive, and ${who} is under way. Try again when that has ended.`,
  );
}
