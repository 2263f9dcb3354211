import { startTimer } from "../../lib/timer.ts";

/** Ends a request that takes too long, or whose caller has to end. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Something has come. */
  touch(): void;
}

/** The reason of a signal that a deadline has aborted. */
export class Late extends Error {
  constructor(readonly milliseconds: number) {
    super("late");
  }
}

/**
 * A deadline of so many milliseconds: in all for `total`, else for a silence of `silence`. It comes also with `outer`,
 * whose reason its own signal then has.
 */
export function createDeadline(
  { total, silence }: { readonly total: number | undefined; readonly silence: number },
  outer: AbortSignal | undefined,
): Deadline {
  const controller = new AbortController();
  const milliseconds = total ?? silence;
  const start = () => startTimer(milliseconds, () => controller.abort(new Late(milliseconds)));
  let callOff = start();
  const end = () => controller.abort(outer?.reason);
  if (outer?.aborted) end();
  outer?.addEventListener("abort", end);
  return {
    signal: controller.signal,
    touch() {
      if (total !== undefined) return;
      callOff();
      callOff = start();
    },
    [Symbol.dispose]() {
      callOff();
      outer?.removeEventListener("abort", end);
    },
  };
}
