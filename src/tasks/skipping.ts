import { createHash } from "node:crypto";
import type { Ref } from "../backends/backend.ts";
import { chain } from "../lib/awaitable.ts";
import { isRecord } from "../modules/arguments.ts";
import type { LuaValue } from "../modules/module.ts";
import { decode, encode } from "../state/codec.ts";
import type { Store } from "../state/store.ts";
import type { TaskCalls } from "./calls.ts";
import { type Fingerprint, fingerprintOf, reasonToRun } from "./fingerprint.ts";
import type { Mark } from "./journal.ts";
import type { Task, TaskResult } from "./task.ts";

/** Where it is remembered what has been done. */
export interface Skipping {
  readonly store: Store;
  /** The task file; absolute: two files may have tasks of one name. */
  readonly file: string;
}

/** Why a task need not run, or runs, by what is known without asking its conditions. */
export interface Standing {
  readonly runs: boolean;
  readonly reason: string;
  /** Whether that is because of its files as they are now. */
  readonly upToDate?: true;
  /** What its last success gave, when it need not run. */
  readonly outputs?: LuaValue;
}

/** What is remembered of a task by `once`, `sources` and `generates`, and what follows. Undefined: it has none of them. */
export async function standingOf(
  { store, file }: Skipping,
  task: Task,
  folder: string,
): Promise<Standing | undefined> {
  const { once, sources, generates } = task.options;
  if (once !== undefined) {
    const [done] = await store.backend.read([onceRef(once)]);
    if (done !== undefined) {
      const result = decode(done.value);
      const [outputs] = Array.isArray(result) ? result : [];
      const reason = `done before (once ${JSON.stringify(once)})`;
      return { runs: false, reason, ...(outputs !== undefined && { outputs }) };
    }
  }
  if (sources !== undefined || generates !== undefined) {
    const last = await chain(store.backend.read([fingerprintRef(file, task)]), ([entry]) =>
      entry === undefined ? undefined : asSuccess(decode(entry.value)),
    );
    const reason = reasonToRun(task, folder, last);
    if (reason !== undefined) return { runs: true, reason };
    const { outputs } = last ?? {};
    return { runs: false, reason: "up to date", upToDate: true, ...(outputs !== undefined && { outputs }) };
  }
  return once === undefined ? undefined : { runs: true, reason: `never done (once ${JSON.stringify(once)})` };
}

/** Whether a task has anything by which it might not be run. */
export function mayBeSkipped({ options }: Task): boolean {
  const { once, sources, generates, abort_if, run_if } = options;
  return [once, sources, generates, abort_if, run_if].some((option) => option !== undefined);
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
    const { holds, reason } = await calls.condition(abort_if);
    if (holds)
      return { status: "failed", message: `abort_if stopped the run${tail(reason)}`, stopsRun: true };
  }
  if (run_if !== undefined) {
    const { holds, reason } = await calls.condition(run_if);
    if (!holds) return { status: "skipped", message: reason ?? "run_if said no" };
  }
  return undefined;
}

/** What is to be remembered when a task has succeeded, with what it gave. */
export function marksOf({ file }: Skipping, task: Task, folder: string, outputs: LuaValue): Mark[] {
  const { once, sources, generates } = task.options;
  const marks: Mark[] = [];
  // As `state.once` stores the result of a call: its `forget` lets the task run again.
  if (once !== undefined) {
    marks.push({ ref: onceRef(once), value: encode(outputs === undefined ? [] : [outputs], once) });
  }
  if (sources !== undefined || generates !== undefined) {
    const success = { ...fingerprintOf(task, folder), ...(outputs !== undefined && { outputs }) };
    marks.push({ ref: fingerprintRef(file, task), value: encode(success, task.name) });
  }
  return marks;
}

function onceRef(key: string): Ref {
  return { space: "once", key };
}

function fingerprintRef(file: string, task: Task): Ref {
  const digest = createHash("sha256").update(`${file}\0${task.name}`).digest("hex");
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
