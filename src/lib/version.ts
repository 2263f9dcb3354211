/** Constants that scripts/build.ts bakes into the binary; absent when the sources run as they are. */
declare const RUNNER_VERSION: string | undefined;
declare const RUNNER_COMMIT: string | undefined;
declare const RUNNER_TARGET: string | undefined;

/** The version in package.json at the time of the build; "dev" when run from the sources. */
export const version: string = typeof RUNNER_VERSION === "string" ? RUNNER_VERSION : "dev";

/** Git's commit at the time of the build, with a "+" when files had changed since; absent outside git. */
export const commit: string | undefined = typeof RUNNER_COMMIT === "string" ? RUNNER_COMMIT : undefined;

/** What the binary was compiled for, such as "linux-x64"; absent when run from the sources. */
export const target: string | undefined = typeof RUNNER_TARGET === "string" ? RUNNER_TARGET : undefined;
