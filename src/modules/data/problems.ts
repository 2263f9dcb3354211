import { RunnerError } from "../../lib/errors.ts";

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

/** What a parser gives that calls itself for what is inside. Raises `bad_value` where that has no end. */
export function parseNested<T>(format: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem = `Cannot read the ${format}: it nests too deep, or has itself inside.`;
    throw new RunnerError("bad_value", problem, { cause: error });
  }
}
