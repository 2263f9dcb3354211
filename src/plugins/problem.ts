import { RunnerError } from "../lib/errors.ts";

/** A plugin that cannot be used, wholly or in part. */
export interface Problem {
  readonly plugin: string;
  /** The file that is the cause; absolute. */
  readonly file: string;
  /** What is the case, and what to do. */
  readonly reason: string;
}

/** A problem as people read it. */
export function showProblem({ plugin, file, reason }: Problem): string {
  return `Cannot use plugin "${plugin}" (${file}): ${reason}`;
}

/** The error for a plugin that cannot be used: `invalid`, with the reason alone. */
export function refuse(reason: string): RunnerError {
  return new RunnerError("invalid", reason);
}

/** A reason as one line that ends like a sentence. */
export function sentence(text: string): string {
  const line = text.split("\n")[0] ?? "";
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
