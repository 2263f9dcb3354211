import type { Store } from "../state/store.ts";

/** What a host function knows of the task (or plain script) that calls it. */
export interface CallContext {
  /** Folder that relative paths and commands start from; absolute. */
  readonly cwd: string;
  /** The task's name; absent at the top level of a file. */
  readonly task?: string;
  /** The stores as they are to be used inside of `with_lock`: whose writes fail when a lock was lost. */
  fenced?: ReadonlyMap<Store, Store>;
}

/** Gives the context of the call that is under way. */
export type CurrentContext = () => CallContext;
