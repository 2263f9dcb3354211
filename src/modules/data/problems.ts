import { RunnerError } from "../../lib/errors.ts";
import { MAX_DEPTH } from "../../lib/value.ts";

/** What is wrong in a text, and where: an offset into it. */
export interface TextError {
  readonly offset: number;
  readonly problem: string;
}

/** What is wrong with a text whose value no table can hold, since nothing could walk through it safely. */
export const TOO_DEEP = `it is nested more than ${MAX_DEPTH} levels deep`;

/** The error for a text that is not what it should be: with the line and column of an offset into it. */
export function badText(format: string, text: string, offset: number, problem: string): RunnerError {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - (before.lastIndexOf("\n") + 1) + 1;
  return badTextAt(format, line, column, problem);
}

/** The same where line and column, both from 1, are known. */
export function badTextAt(format: string, line: number, column: number, problem: string): RunnerError {
  return new RunnerError(
    "bad_value",
    `Cannot read the ${format}: line ${line}, column ${column}: ${problem}.`,
  );
}

/** The error for a value that a format has no words for. `path` is its place inside of what was to be encoded. */
export function unsayable(format: string, path: string, problem: string): RunnerError {
  return new RunnerError("bad_value", `Cannot write it as ${format}: ${path} ${problem}.`);
}
