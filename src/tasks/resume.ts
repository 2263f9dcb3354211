import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { RunnerError } from "../lib/errors.ts";
import { machine } from "../lib/machine.ts";
import { encode } from "../state/codec.ts";
import type { Store } from "../state/store.ts";
import { type RunFile, type RunRecord, readRunRecord, runRef, type TaskRecord } from "./journal-record.ts";
import { stopOrphans } from "./orphans.ts";
import { findRun, listRuns, listTasks, standingOfRun } from "./runs.ts";
import type { Task, TaskResult } from "./task.ts";

/** A run that is to go on, and what became of its tasks. */
export interface Resumption {
  readonly run: RunRecord;
  readonly tasks: readonly TaskRecord[];
}

/**
 * The run to take up: the one of an id, or else the newest (of a task file, if one is given). Raises `not_found` when
 * there is none, `conflict` when somebody works on it.
 */
export async function findResumable(
  store: Store,
  { id, file }: { id?: string | undefined; file?: string | undefined },
): Promise<Resumption> {
  const run = id === undefined ? await newest(store, file) : await findRun(store, id);
  checkResumable(run);
  return { run, tasks: await listTasks(store, run) };
}

async function newest(store: Store, file: string | undefined): Promise<RunRecord> {
  const run = (await listRuns(store)).find(({ request }) => file === undefined || request.file === file);
  if (run !== undefined) return run;
  const of = file === undefined ? "" : ` of ${file}`;
  throw new RunnerError("not_found", `Cannot take up a run: the journal has none${of}. See: runner runs`);
}

function checkResumable(run: RunRecord): void {
  if (standingOfRun(run) !== "running") return;
  const { pid, host } = run.process;
  // Of a process on another machine nothing is known: whoever resumes says that it is gone.
  const where = host === hostname() ? "" : ` on ${host}`;
  throw new RunnerError(
    "conflict",
    `Cannot take up run ${run.id}: it is under way (pid ${pid}${where}). Wait for it, or stop it.`,
  );
}

/**
 * Makes this process the one that works on the run, and stops the commands that outlived the process before. Raises
 * `conflict` when somebody else was faster.
 */
export async function claimRun(store: Store, { run, tasks }: Resumption): Promise<string[]> {
  const claimed = await store.backend.update(
    [runRef(run.id)],
    ([entry]) => {
      const now = entry === undefined ? undefined : readRunRecord(entry);
      if (now === undefined || now.process.pid !== run.process.pid || now.status !== run.status) {
        return { result: false };
      }
      const record: RunRecord = { ...now, status: "running", process: machine.self };
      return { result: true, writes: [{ put: encode(record, run.id), expires: "never" }] };
    },
    store.writer,
  );
  if (!claimed) {
    throw new RunnerError(
      "conflict",
      `Cannot take up run ${run.id}: somebody else just did. See: runner runs`,
    );
  }
  return stopRunning({ run, tasks });
}

/** Stops the commands of the last run of a task file that outlived it; returns their tasks and the run. */
export async function stopLeftBehind(
  store: Store,
  file: string,
): Promise<{ readonly tasks: readonly string[]; readonly run?: string }> {
  const real = realPathOf(file);
  const run = (await listRuns(store)).find(({ request }) => realPathOf(request.file) === real);
  if (run === undefined || standingOfRun(run) === "running") return { tasks: [] };
  return { tasks: await stopRunning({ run, tasks: await listTasks(store, run) }), run: run.id };
}

function stopRunning({ run, tasks }: Resumption): Promise<string[]> {
  return stopOrphans(
    run.id,
    tasks.filter((task) => mayHaveLeft(task, run)).map(({ name }) => name),
  );
}

/** Whether commands of a task may have outlived its process: it was killed, or the watchdog ended both at once. */
function mayHaveLeft({ status, ended }: TaskRecord, run: RunRecord): boolean {
  return status === "running" || (status === "failed" && ended !== undefined && ended === run.ended);
}

/** Where a file is without links; the path itself of one that is gone. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** What tasks came to in an earlier part of the run, as far as they succeeded and are still declared. */
export function earlierResults(
  records: readonly TaskRecord[],
  declared: ReadonlyMap<string, Task>,
): Map<string, TaskResult> {
  const results = new Map<string, TaskResult>();
  for (const { name, status, message, outputs, attempts } of records) {
    const task = declared.get(name);
    if (task === undefined || status !== "ok") continue;
    results.set(name, {
      task,
      status,
      ...(message !== undefined && { message }),
      ...(outputs !== undefined && { outputs }),
      attempts: attempts.length,
      durationMs: 0,
      earlier: true,
    });
  }
  return results;
}

/** The files of a run as they are now. */
export function hashFiles(paths: readonly string[]): RunFile[] {
  return paths.map((path) => ({ path, hash: hashFile(path) }));
}

/** Raises `invalid` when files of a run are not what they were. */
export function checkUnchanged({ id, files }: RunRecord, now: readonly RunFile[]): void {
  const changed = files.filter(({ path, hash }) => {
    const same = now.find((file) => file.path === path);
    return (same?.hash ?? hashFile(path)) !== hash;
  });
  const added = now.filter(({ path }) => !files.some((file) => file.path === path));
  if (changed.length + added.length === 0) return;
  const list = [
    ...changed.map(({ path, hash }) =>
      hashFile(path) === "" && hash !== "" ? `${path} is gone` : `${path} has changed`,
    ),
    ...added.map(({ path }) => `${path} is new`),
  ].join(", ");
  throw new RunnerError(
    "invalid",
    `Cannot take up run ${id}: ${list} since it began. Start a new run, or go on with the changes: --force`,
  );
}

function hashFile(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch {
    return "";
  }
}
