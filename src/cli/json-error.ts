import { RunnerError } from "../lib/errors.ts";
import { STDOUT, writeWhole } from "../lib/stdio.ts";

const told = new WeakSet<Error>();

/** What programs are told of an error besides on stderr, as one line of JSON. */
export function describeError({ code, message }: RunnerError) {
  return { error: { code, message } };
}

/** Has an error not told to programs again that they have been told of. */
export function markTold(error: RunnerError): void {
  told.add(error);
}

/**
 * Tells programs that read stdout what a command raised, with `more` before it, unless they know or runner itself has
 * failed.
 */
export function tellError(error: unknown, more: object): void {
  if (!(error instanceof RunnerError) || error.code === "bug" || told.has(error)) return;
  writeWhole(STDOUT, `${JSON.stringify({ ...more, ...describeError(error) })}\n`);
}
