import type { Writer } from "../backends/backend.ts";
import { encode } from "../state/codec.ts";
import { Store } from "../state/store.ts";
import { failRun, runRef, type TaskRecord, taskRef } from "./journal-record.ts";
import { findRun, listTasks } from "./runs.ts";

/** The run of this process, for whoever ends it from another thread. */
export interface WatchedRun {
  readonly id: string;
  /** The command line that takes it up again. */
  readonly resume: string;
  /** The database file that its journal is in; undefined where that is no file: other stores belong to the other thread. */
  readonly database: string | undefined;
  readonly writer: Writer;
  /** Whether stdout has events, one JSON object a line. */
  readonly hasEvents: boolean;
  /** When this part of it began, in ms since the epoch. */
  readonly began: number;
  /** How many of its tasks were done before. */
  readonly earlier: number;
}

/** Why a run is ended. */
export interface Overdue {
  /** The task whose time is over; undefined when it is that of all that are under way. */
  readonly task: string | undefined;
  readonly reason: string;
  readonly exitCode: number;
}

/** How long the journal may be waited for, in ms. */
const BUSY_MS = 200;

/**
 * Journals that a run has failed and by which tasks, for a thread that cannot do it any more; resolves to the tasks as they
 * stand then. Undefined when there is nothing to journal, as in a store that is no file. Raises what the store raises.
 */
export async function journalEnd(
  run: WatchedRun,
  overdue: Overdue,
  now: number,
): Promise<readonly TaskRecord[] | undefined> {
  const { id, database: path, writer } = run;
  if (path === undefined) return undefined;
  const { SqliteBackend } = await import("../backends/sqlite/backend.ts");
  // This process has the file open: nothing but SQLite may touch it here.
  const options = { path, durability: "full", busyTimeout: BUSY_MS, again: true } as const;
  const store = new Store(new SqliteBackend(options), { writer });
  const tasks = (await listTasks(store, await findRun(store, id))).map((task) => failed(task, overdue, now));
  const changed = tasks.filter(({ status, ended }) => status === "failed" && ended === now);
  const refs = [runRef(id), ...changed.map(({ name }) => taskRef(id, name))];
  const journaled = await store.backend.update(
    refs,
    ([entry]) => {
      const run = failRun(entry, { exitCode: overdue.exitCode, ended: now });
      if (run === undefined) return { result: false };
      const puts = [run, ...changed.map((task) => encode(task, task.name))];
      return { result: true, writes: puts.map((put) => ({ put, expires: "never" })) };
    },
    writer,
  );
  return journaled ? tasks : undefined;
}

/** The last events of such a run, as `-o json` has them; without figures where nobody knows the tasks. */
export function lastEvents(
  { id, began, earlier }: WatchedRun,
  { reason, exitCode }: Overdue,
  tasks: readonly TaskRecord[] | undefined,
  now: number,
): string {
  const time = new Date(now).toISOString();
  const ended = tasks?.filter(({ status, ended }) => status === "failed" && ended === now) ?? [];
  const count = (wanted: TaskRecord["status"]) => tasks?.filter(({ status }) => status === wanted).length;
  const events = [
    ...ended.map(({ name: task, status, message, attempts }) => {
      const duration_ms = now - (attempts.at(-1)?.started ?? now);
      return { event: "task_ended", time, task, status, message, attempts: attempts.length, duration_ms };
    }),
    {
      event: "run_ended",
      time,
      run: id,
      done: count("ok"),
      skipped: count("skipped"),
      failed: count("failed"),
      earlier: tasks && earlier,
      problems: ended.length === 0 ? [reason] : [],
      exit_code: exitCode,
      duration_ms: now - began,
      nothing_to_do: false,
    },
  ];
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

/** A task as it stands when the run ends so. */
function failed(task: TaskRecord, { task: name, reason }: Overdue, now: number): TaskRecord {
  if (task.status !== "running" || (name !== undefined && name !== task.name)) return task;
  const attempts = task.attempts.map((attempt) =>
    attempt.ended === undefined ? { ...attempt, ended: now, message: reason } : attempt,
  );
  return { ...task, status: "failed", message: reason, attempts, ended: now };
}
