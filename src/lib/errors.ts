/**
 * Every fault that a user can meet, by its code, with the exit code of the process that dies of it (SPEC.md
 * section 3). The state codes are also what Lua scripts see as `err.code`.
 */
const EXIT_CODES = {
  bad_argument: 2,
  bad_key: 2,
  bad_value: 2,
  too_large: 2,
  not_a_number: 2,
  not_a_string: 2,
  not_a_list: 2,
  overflow: 2,
  usage: 2,
  task_failed: 1,
  aborted: 1,
  denied: 1,
  not_found: 3,
  lock_timeout: 4,
  lock_lost: 4,
  conflict: 4,
  invalid: 5,
  unavailable: 6,
  damaged: 6,
  compacted: 6,
  outcome_unknown: 6,
  bug: 70,
  timeout: 124,
  interrupted: 130,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

/**
 * A fault with a code. The message is for people and whole: `Cannot *verb* "*what*": *what is the case*.
 * *What to do.*`
 */
export class RunnerError extends Error {
  override readonly name = "RunnerError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether something from outside names one of our codes. */
  static isCode(name: unknown): name is ErrorCode {
    return typeof name === "string" && Object.hasOwn(EXIT_CODES, name);
  }

  get exitCode(): number {
    return exitCodeOf(this.code);
  }
}

/** What a process ends with that dies of such a fault. */
export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODES[code];
}

/** The text of anything thrown, without a stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A system error's words without its code, call and paths: `ENOENT: no such file or directory, open '…'`. */
export function systemReason(thrown: unknown): string {
  if (isNulInPath(thrown)) return NUL_IN_PATH;
  return /^[A-Z0-9]+: ([^,]+)/.exec(messageOf(thrown))?.[1] ?? messageOf(thrown);
}

/** What is wrong with a path that no system takes. */
export const NUL_IN_PATH = "a path must not have a NUL byte";

/** Whether it is the host's refusal of a path with a NUL byte. */
export function isNulInPath(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    thrown.code === "ERR_INVALID_ARG_VALUE" &&
    /null bytes/.test(thrown.message)
  );
}
