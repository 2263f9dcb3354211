import { RunnerError } from "../lib/errors.ts";
import { join, resolve } from "../lib/path.ts";
import type { Environment } from "./environment.ts";

/**
 * The folder of stores, config and plugins: `$RUNNER_HOME`, else `.sloth-runner` in the user's own; undefined
 * when the environment names neither.
 */
export function findHome(env: Environment, platform: NodeJS.Platform = process.platform): string | undefined {
  if (env.RUNNER_HOME) return resolve(env.RUNNER_HOME);
  const user = platform === "win32" ? env.USERPROFILE : env.HOME;
  return user ? join(user, ".sloth-runner") : undefined;
}

/** The same for those who cannot do without; raises `invalid` when there is none. */
export function needHome(home: string | undefined): string {
  if (home !== undefined) return home;
  const variable = process.platform === "win32" ? "USERPROFILE" : "HOME";
  throw new RunnerError(
    "invalid",
    `Cannot find the home of runner: neither RUNNER_HOME nor ${variable} is set. Set RUNNER_HOME to a folder.`,
  );
}
