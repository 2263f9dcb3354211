import type { Store } from "../state/store.ts";
import type { LuaRecord } from "./module.ts";

/** What a host function knows of the task (or plain script) that calls it. */
export interface CallContext {
  /** Folder that relative paths and commands start from; absolute. */
  readonly cwd: string;
  /** The task's name; absent at the top level of a file. */
  readonly task?: string;
  /** The workflow whose handler it is; absent in tasks. */
  readonly group?: string;
  /** The context of the coroutine that spawned this one. */
  readonly parent?: CallContext;
  /** The task's parameters; absent at the top level of a file. */
  readonly params?: LuaRecord;
  /** Environment variables that its commands get besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Aborted when the task has to end: what it started must be stopped. */
  readonly signal?: AbortSignal;
  /** What has to have ended before the task counts as ended: commands that it started. */
  readonly running?: Set<Promise<unknown>>;
  /** Whether functions that know how only say what they would change. */
  readonly dryRun?: boolean;
  /** The stores as they are to be used inside of `with_lock`: whose writes fail when a lock was lost. */
  fenced?: ReadonlyMap<Store, Store>;
}

/** Gives the context of the call that is under way. */
export type CurrentContext = () => CallContext;
