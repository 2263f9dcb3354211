import type { Encoded, Entry, Ref } from "../backends/backend.ts";
import { RunnerError } from "../lib/errors.ts";
import type { ProcessIdentity } from "../lib/machine.ts";
import type { Value } from "../lib/value.ts";
import { decode, encode } from "../state/codec.ts";
import type { SessionChange } from "../state/session.ts";
import type { TaskStatus } from "./task.ts";

/** A file that a run was made from. */
export interface RunFile {
  /** Absolute. */
  readonly path: string;
  /** Digest of its content. */
  readonly hash: string;
}

/** What a run was asked to do: enough to take it up again. */
export interface RunRequest {
  /** The task file; absolute. */
  readonly file: string;
  /** Folder of `-C`; absolute. */
  readonly workdir?: string;
  /** Tasks and groups that were named; all when it is empty. */
  readonly names: readonly string[];
  readonly tags: readonly string[];
  /** `--set`, as it was written. */
  readonly set: readonly string[];
  /** `--values`; absolute. */
  readonly valueFiles: readonly string[];
  /** What `--sandbox` allowed; absent when there was none. */
  readonly sandbox?: readonly string[];
  /** `--jobs`; absent when it was not given. */
  readonly jobs?: number;
  /** `--keep-going`; absent when it was not given. */
  readonly keepGoing?: boolean;
}

export type RunStatus = "running" | "ok" | "failed" | "stopped";

/** One run, as the journal keeps it. Times in ms since the epoch. */
export interface RunRecord {
  readonly id: string;
  readonly request: RunRequest;
  /** How messages call the task file. */
  readonly name: string;
  readonly status: RunStatus;
  readonly started: number;
  readonly ended?: number;
  readonly exitCode?: number;
  /** How many tasks it has. */
  readonly tasks: number;
  /** Who works on it, or did last. */
  readonly process: ProcessIdentity;
  readonly files: readonly RunFile[];
  /** Tasks that were started before any had ended: they have no record of their own until they end. */
  readonly first?: readonly Start[];
  /** How often it was taken up again. */
  readonly resumed: number;
  /** What handlers of workflows that succeeded have changed in `State`. */
  readonly handled?: readonly Changed[];
  /** Workflows whose `on_complete` has ended well, and that have not begun again since. */
  readonly complete?: readonly string[];
  /** What went wrong apart from the tasks, such as in a workflow's handlers. */
  readonly problems?: readonly string[];
}

/** What a task or a workflow changed in `State`, and when; of the same moment, after how many tasks of this part of the run. */
export interface Changed {
  readonly name: string;
  readonly session?: readonly SessionChange[];
  readonly ended?: number;
  readonly endedBefore?: number;
}

/** A task that was started, and its place in the order. */
export interface Start {
  readonly name: string;
  readonly index: number;
}

/** One attempt of a task. */
export interface AttemptRecord {
  readonly started: number;
  /** Absent while it runs, and for ever when the process died in it. */
  readonly ended?: number;
  /** How it failed. */
  readonly message?: string;
}

/** One task of a run, as the journal keeps it. */
export interface TaskRecord extends Changed {
  /** Its place in the order of the run. */
  readonly index: number;
  readonly status: TaskStatus | "running";
  readonly attempts: readonly AttemptRecord[];
  readonly message?: string;
  readonly outputs?: Value;
  /** The end of what it wrote. */
  readonly tail?: string;
  /** Tasks that were started when it ended: they have no record of their own until they end, or try again. */
  readonly next?: readonly Start[];
}

/** Where a run's own record is. */
export function runRef(id: string): Ref {
  return { space: "run", key: `r/${id}` };
}

/** What the keys of all records of a run's tasks begin with. */
export function taskPrefix(run: string): string {
  return `t/${run}/`;
}

/** Where the record of one task is. */
export function taskRef(run: string, task: string): Ref {
  return { space: "run", key: taskPrefix(run) + task };
}

/** The run that an entry records. Raises `damaged`. */
export function readRunRecord(entry: Entry): RunRecord {
  const record = decode(entry.value);
  if (isTable(record) && typeof record.id === "string" && isTable(record.request)) {
    // Nobody but the journal writes into this space, and the backend checks that it is what was written.
    return record as unknown as RunRecord;
  }
  throw damaged(entry);
}

/** Pure: the record of a run that has failed; undefined for one that is not under way. `ended` in ms since the epoch. */
export function failRun(
  entry: Entry | undefined,
  end: { readonly exitCode: number; readonly ended: number },
): Encoded | undefined {
  const record = entry && readRunRecord(entry);
  return record?.status === "running"
    ? encode({ ...record, ...end, status: "failed" }, record.id)
    : undefined;
}

/** The task that an entry records. Raises `damaged`. */
export function readTaskRecord(entry: Entry): TaskRecord {
  const record = decode(entry.value);
  if (isTable(record) && typeof record.name === "string" && Array.isArray(record.attempts)) {
    // As for runs.
    return record as unknown as TaskRecord;
  }
  throw damaged(entry);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function damaged({ key }: Entry): RunnerError {
  return new RunnerError(
    "damaged",
    `Cannot read "${key}" of the journal: it is not in the form that runner writes.`,
  );
}
