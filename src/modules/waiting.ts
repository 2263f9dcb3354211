import { RunnerError } from "../lib/errors.ts";

/** The error of a function that would have to wait, where its caller cannot be suspended. */
export function cannotWait(callee: string): RunnerError {
  return new RunnerError(
    "bad_argument",
    `Cannot wait in ${callee} here: Lua cannot suspend what has called this code, such as table.sort, string.gsub, or a metamethod that C calls. Call it before and use its result.`,
  );
}
