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
 * A deadline after so many milliseconds in which nothing came. It comes also with `outer`, whose reason its own signal
 * then has.
 */
export function createDeadline(milliseconds: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const start = () => startTimer(milliseconds, () => controller.abort(new Late(milliseconds)));
  let callOff = start();
  const end = () => controller.abort(outer?.reason);
  if (outer?.aborted) end();
  outer?.addEventListener("abort", end);
  return {
    signal: controller.signal,
    touch() {
      callOff();
      callOff = start();
    },
    [Symbol.dispose]() {
      callOff();
      outer?.removeEventListener("abort", end);
    },
  };
}
