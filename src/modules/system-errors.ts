import { isNulInPath, RunnerError, systemReason } from "../lib/errors.ts";

export { systemReason };

/** The system's number for an error, as Lua's own functions return it; 0 when it has none. */
export function systemNumber(error: unknown): number {
  return error instanceof Error && "errno" in error && typeof error.errno === "number" ? -error.errno : 0;
}

/** What messages call it that a function does, where its name is no verb. */
const VERBS: Readonly<Record<string, string>> = {
  glob: "look for",
  is_dir: "look at",
  is_file: "look at",
  mkdir: "make",
  real: "resolve",
  stat: "look at",
  symlink: "make a link to",
  tempdir: "make a temporary folder",
};

/** What messages say that the function `name` does. */
export function verbOf(name: string): string {
  return VERBS[name] ?? name;
}

/**
 * Runs `act`, now or later, with its system errors as `Cannot read "x": no such file or directory` with the code
 * `not_found`, others `task_failed`.
 */
export function attempt<T>(verb: string, subject: string, act: () => T): T {
  try {
    const result = act();
    // What `catch` makes of a promise is one of the same type: it never resolves to anything else.
    return result instanceof Promise ? (result.catch((error) => refuse(verb, subject, error)) as T) : result;
  } catch (error) {
    return refuse(verb, subject, error);
  }
}

function refuse(verb: string, subject: string, error: unknown): never {
  if (error instanceof RunnerError) throw error;
  const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
  throw new RunnerError(
    missing ? "not_found" : isNulInPath(error) ? "bad_argument" : "task_failed",
    `Cannot ${verb}${subject && ` ${JSON.stringify(subject)}`}: ${reasonOf(error)}`,
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_FS_CP_EINVAL") return "it cannot be copied to itself, nor into itself";
  if (code === "ERR_FS_CP_NON_DIR_TO_DIR") return "a folder is there, and a file cannot take its place";
  if (code === "ERR_FS_CP_DIR_TO_NON_DIR") return "a file is there, and a folder cannot take its place";
  if (code === "EISDIR") return "it is a folder";
  return systemReason(error);
}
