import type { Entry } from "../backends/backend.ts";
import { type Awaitable, chain, repeat } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import { type Machine, machine } from "../lib/machine.ts";
import { didYouMean } from "../lib/suggest.ts";
import type { Store } from "../state/store.ts";
import {
  type RunRecord,
  readRunRecord,
  readTaskRecord,
  runRef,
  type TaskRecord,
  taskPrefix,
} from "./journal-record.ts";

const PAGE = 1000;
const RUNS = "r/";

/** How a run stands: as the journal says, or `killed` when its process died without a word. */
export type Standing = RunRecord["status"] | "killed";

/** How a run stands, seen from this machine. */
export function standingOfRun({ status, process }: RunRecord, { hasEnded }: Machine = machine): Standing {
  return status === "running" && hasEnded(process) ? "killed" : status;
}

/** All runs that the journal keeps, the newest first. */
export async function listRuns(store: Store): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  await eachEntry(store, RUNS, (entry) => runs.push(readRunRecord(entry)));
  return runs.sort((a, b) => b.started - a.started);
}

/** One run. Raises `not_found`. */
export async function findRun(store: Store, id: string): Promise<RunRecord> {
  const [entry] = await store.backend.read([runRef(id)]);
  if (entry !== undefined) return readRunRecord(entry);
  const known = (await listRuns(store)).map((run) => run.id);
  throw new RunnerError(
    "not_found",
    `Cannot find run "${id}": the journal has none of this id.${didYouMean(id, known) || " See: runner runs"}`,
  );
}

/** The tasks of a run, in its order; those too that were started and have no record of their own yet. */
export async function listTasks(store: Store, { id, first = [], started }: RunRecord): Promise<TaskRecord[]> {
  const tasks = new Map<string, TaskRecord>();
  await eachEntry(store, taskPrefix(id), (entry) => {
    const task = readTaskRecord(entry);
    tasks.set(task.name, task);
  });
  const starts = [...tasks.values()].flatMap(({ next = [], ended = started }) =>
    next.map((start) => ({ ...start, at: ended })),
  );
  for (const { name, index, at } of [...first.map((start) => ({ ...start, at: started })), ...starts]) {
    if (tasks.has(name)) continue;
    tasks.set(name, { name, index, status: "running", attempts: [{ started: at }] });
  }
  return [...tasks.values()].sort((a, b) => a.index - b.index);
}

/** Removes all but the newest `keep` runs, never one that is under way; returns how many. */
export async function pruneRuns(store: Store, keep: number): Promise<number> {
  // By the entries alone, which say when each was begun: most of the time there is nothing to do.
  const ids: { id: string; createdAt: number }[] = [];
  await eachKey(store, RUNS, ({ key, createdAt }) => ids.push({ id: key.slice(RUNS.length), createdAt }));
  const old = ids.sort((a, b) => b.createdAt - a.createdAt).slice(keep);
  let removed = 0;
  for (const { id } of old) {
    const [entry] = await store.backend.read([runRef(id)]);
    if (entry === undefined || standingOfRun(readRunRecord(entry)) === "running") continue;
    const range = { space: "run", matches: () => true } as const;
    await store.backend.deleteRange({ ...range, prefix: taskPrefix(id) }, store.writer);
    const write = () => ({ result: undefined, writes: [{ delete: true } as const] });
    await store.backend.update([runRef(id)], write, store.writer);
    removed++;
  }
  return removed;
}

function eachEntry(store: Store, prefix: string, use: (entry: Entry) => void): Awaitable<void> {
  // A page with values has entries with values.
  return eachPage(store, { prefix, values: true }, (entry) => use(entry as Entry));
}

function eachKey(store: Store, prefix: string, use: (entry: Omit<Entry, "value">) => void): Awaitable<void> {
  return eachPage(store, { prefix, values: false }, use);
}

function eachPage(
  store: Store,
  { prefix, values }: { prefix: string; values: boolean },
  use: (entry: Omit<Entry, "value">) => void,
): Awaitable<void> {
  let after: string | undefined;
  return repeat(() => {
    const page = {
      space: "run",
      prefix,
      limit: PAGE,
      values,
      ...(after !== undefined && { after }),
    } as const;
    return chain(store.backend.scan(page), (entries) => {
      for (const entry of entries) use(entry);
      after = entries.at(-1)?.key;
      return entries.length === PAGE;
    });
  });
}
