import { RunnerError } from "../lib/errors.ts";
import type { HostFunction } from "./module.ts";

/** For modules' own Lua: raises an error with a code and a message, as functions of the host do. */
export const raise: HostFunction = (code, message) => {
  throw new RunnerError(RunnerError.isCode(code) ? code : "task_failed", String(message));
};
