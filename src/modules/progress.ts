import type { CallContext } from "./context.ts";

/** Long work as a person sees it on a terminal. `using` ends it. */
export interface Progress extends Disposable {
  /** So many bytes more are done. */
  advance(bytes: number): void;
}

/** Begins to show long work of a call; `total` in bytes, undefined when nobody knows. */
export type ShowProgress = (what: string, total: number | undefined, context: CallContext) => Progress;
