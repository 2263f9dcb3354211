import { RunnerError } from "../lib/errors.ts";
import { type Problem, showProblem } from "./problem.ts";

/** Whose work it is, and what is said of it when it does not end. */
export interface Work extends Omit<Problem, "reason"> {
  /** Continues a sentence: "its setup has not ended". */
  readonly overdue: string;
  act(): unknown;
}

/** Ends the process with a message when this thread gives no sign of life `ms` from now; gives what calls that off. */
export type Watch = (ms: number, message: string) => () => void;

let watch: Watch | undefined;

/** What ends the process for a plugin that computes without end, which nothing in this thread can stop. */
export function watchBy(given: Watch): void {
  watch = given;
}

/** Work was not done in its time; the message is a sentence about it. */
export class Overdue extends RunnerError {
  constructor(message: string) {
    super("timeout", message);
  }
}

/** The result of some work; raises `Overdue` when it is not there after `ms`. The work itself goes on, unwatched. */
export async function within(ms: number, { plugin, file, overdue, act }: Work): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>();
  const reason = `${overdue} after ${ms / 1000} s`;
  const callOff = watch?.(
    ms,
    showProblem({ plugin, file, reason: `${reason}, and nothing can go on beside it.` }),
  );
  const timer = setTimeout(() => reject(new Overdue(`${reason}.`)), ms);
  const work = invoke(act);
  // What comes too late is nobody's concern.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    callOff?.();
  }
}

/** A call that rejects where it raises. */
async function invoke(act: () => unknown): Promise<unknown> {
  return act();
}
