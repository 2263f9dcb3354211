import { type ErrorCode, RunnerError } from "../lib/errors.ts";

/** One level of a Lua call stack, innermost first. */
export interface Frame {
  /** The chunk's name as the user knows it: a path relative to where the run started. */
  readonly source: string;
  /** 0 where Lua does not know, as in a host function. */
  readonly line: number;
  /** The function's name if Lua knows one. */
  readonly name?: string;
}

/** A Lua script raised an error that nothing caught, or did not compile. */
export class ScriptError extends RunnerError {
  constructor(
    code: ErrorCode,
    /** What was raised, as text, without the position that Lua puts before it. */
    readonly reason: string,
    /** The call stack where it was raised; empty for a syntax error. */
    readonly frames: readonly Frame[],
    /** Where it was raised; absent when no line of a script is on the stack. */
    readonly position: { readonly source: string; readonly line: number } | undefined,
    options?: { cause?: unknown },
  ) {
    super(code, position ? `${position.source}:${position.line}: ${reason}` : reason, options);
  }

  /** The same as what is wrong with a task file, unless its code tells more than that it failed. */
  asInvalid(): ScriptError {
    if (TELLING.has(this.code)) return this;
    return new ScriptError("invalid", this.reason, this.frames, this.position, { cause: this });
  }

  /** What a script lets happen is its failure, whatever the call's code would mean on the command line. */
  override get exitCode(): number {
    return TELLING.has(this.code) ? super.exitCode : FAILED;
  }
}

const FAILED = 1;

/** Codes that tell whoever started the run more than that it failed: what to try again, or to mend elsewhere. */
const TELLING: ReadonlySet<ErrorCode> = new Set([
  "invalid",
  "lock_timeout",
  "lock_lost",
  "conflict",
  "unavailable",
  "damaged",
  "compacted",
  "outcome_unknown",
  "bug",
]);
