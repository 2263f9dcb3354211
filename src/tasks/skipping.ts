import { createHash } from "node:crypto";
import type { Ref } from "../backends/backend.ts";
import { chain } from "../lib/awaitable.ts";
import { isRecord } from "../modules/arguments.ts";
import type { LuaValue } from "../modules/module.ts";
import { decode, encode } from "../state/codec.ts";
import { findCompleted } from "../state/once.ts";
import type { Store } from "../state/store.ts";
import type { Turns } from "../state/turns.ts";
import { writerOf } from "../state/writer.ts";
import type { TaskCalls } from "./calls.ts";
import { causeToRun, digestGenerated, type Fingerprint, type Inputs, type Script } from "./fingerprint.ts";
import type { Mark } from "./journal.ts";
import type { Task, TaskResult } from "./task.ts";

/** Where it is remembered what has been done. */
export interface Skipping {
  readonly store: Store;
  readonly session: Script;
}

/** Why a task need not run, or runs, by what is known without asking its conditions. */
export interface Standing {
  readonly runs: boolean;
  readonly reason: string;
  /** Whether that is because of its files as they are now. */
  readonly upToDate?: true;
  /** Whether it is nothing but the content of its sources. */
  readonly bySources?: true;
  /** What its last success gave, when it need not run. */
  readonly outputs?: LuaValue;
}

/** What is remembered of a task by `once`, `sources` and `generates`, and what follows. Undefined: it has none of them. */
export async function standingOf(
  { store, session: script }: Skipping,
  task: Task,
  folder: string,
): Promise<Standing | undefined> {
  const { once } = task.options;
  if (once !== undefined) {
    const done = await findCompleted(store, once);
    if (done !== undefined) {
      const outputs = done.result;
      const reason = `done before (once ${JSON.stringify(once)})`;
      return { runs: false, reason, ...(outputs !== undefined && { outputs }) };
    }
  }
  if (isFingerprinted(task)) {
    const ref = fingerprintRef(script, task, folder);
    const last = await chain(store.backend.read([ref]), ([entry]) =>
      entry === undefined ? undefined : asSuccess(decode(entry.value)),
    );
    const cause = causeToRun(task, folder, { script, last });
    if (cause !== undefined) return { runs: true, ...cause };
    const { outputs } = last ?? {};
    return { runs: false, reason: "up to date", upToDate: true, ...(outputs !== undefined && { outputs }) };
  }
  return once === undefined ? undefined : { runs: true, reason: `never done (once ${JSON.stringify(once)})` };
}

/** Whether a task has anything by which it might not be run. */
export function mayBeSkipped({ options }: Task): boolean {
  const { once, sources, generates, abort_if, run_if } = options;
  return (once ?? sources ?? generates ?? abort_if ?? run_if) !== undefined;
}

/**
 * Waits until what is done once under a key is done, or it is the turn of this task, which nobody else has until the
 * task's locks are released.
 */
export async function waitForTurn(
  { store, turns }: { readonly store: Store; readonly turns: Turns },
  { name }: Task,
  key: string,
): Promise<void> {
  const named = store.with({ writer: writerOf(store.writer, name) });
  await turns.findOrTake({ kind: "once", key, store: named, find: () => findCompleted(store, key) });
}

/** How a task ends that is not to run at all; undefined when it is. */
export async function whyNot(
  skipping: Skipping,
  task: Task,
  calls: TaskCalls,
): Promise<(Pick<TaskResult, "status" | "message" | "outputs"> & { stopsRun?: true }) | undefined> {
  const { abort_if, run_if } = task.options;
  const standing = await standingOf(skipping, task, calls.folder);
  if (standing?.runs === false) {
    const { reason, outputs } = standing;
    return { status: "skipped", message: reason, ...(outputs !== undefined && { outputs }) };
  }
  if (abort_if !== undefined) {
    const { holds, reason } = await calls.condition("abort_if", abort_if);
    if (holds)
      return { status: "failed", message: `abort_if stopped the run${tail(reason)}`, stopsRun: true };
  }
  if (run_if !== undefined) {
    const { holds, reason } = await calls.condition("run_if", run_if);
    if (!holds) return { status: "skipped", message: reason ?? "run_if said no" };
  }
  return undefined;
}

/** Whether it is remembered what a task was made from. */
export function isFingerprinted({ options: { sources, generates } }: Task): boolean {
  return (sources ?? generates) !== undefined;
}

/** What is to be remembered when a task has succeeded: what it was made from when it began, and what it gave. */
export function marksOf(
  { session }: Skipping,
  task: Task,
  { folder, inputs, outputs }: { folder: string; inputs: Inputs | undefined; outputs: LuaValue },
): Mark[] {
  const { once } = task.options;
  const marks: Mark[] = [];
  // As `state.once` stores the result of a call: its `forget` lets the task run again.
  if (once !== undefined) {
    marks.push({ ref: onceRef(once), value: encode(outputs === undefined ? [] : [outputs], once) });
  }
  if (inputs !== undefined) {
    const generates = digestGenerated(task, folder);
    const success = { ...inputs, generates, ...(outputs !== undefined && { outputs }) };
    marks.push({ ref: fingerprintRef(session, task, folder), value: encode(success, task.name) });
  }
  return marks;
}

function onceRef(key: string): Ref {
  return { space: "once", key };
}

/** Two files may have tasks of one name, and a file may be run in several folders. */
function fingerprintRef({ file }: Script, task: Task, folder: string): Ref {
  const digest = createHash("sha256").update(`${file}\0${task.name}\0${folder}`).digest("hex");
  return { space: "run", key: `f/${digest}` };
}

function asSuccess(
  value: ReturnType<typeof decode>,
): (Fingerprint & { readonly outputs?: LuaValue }) | undefined {
  if (!isRecord(value)) return undefined;
  const { definition, sources, generates, outputs } = value;
  return {
    definition: String(definition),
    sources: String(sources),
    generates: String(generates),
    ...(outputs !== undefined && { outputs }),
  };
}

function tail(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
