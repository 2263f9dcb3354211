import { DURATION_SYNTAX, parseDuration } from "../lib/duration.ts";
import { RunnerError } from "../lib/errors.ts";
import { LOG_LEVELS } from "../modules/log.ts";
import { createPermits, type Permits } from "../modules/permits.ts";
import type { ArgsDef, ParsedArgs } from "./command.ts";
import { OUTPUT, PLUGINS, STORE } from "./options.ts";
import { VALUES } from "./task-options.ts";

/** What `runner run` takes. */
export const RUN_ARGS = {
  file: {
    type: "positional",
    required: false,
    description: "A task file: ends in .lua or .sloth, or has a /",
    completes: "task",
  },
  task: {
    type: "positional",
    required: false,
    rest: true,
    description: "Tasks or groups to run; all without any. With --resume, the id of a run",
    completes: "task",
  },
  directory: { type: "string", alias: "C", valueHint: "DIR", description: "Folder where the tasks work" },
  ...VALUES,
  tag: {
    type: "string",
    multiple: true,
    valueHint: "TAG",
    description: "Only tasks with this tag, and what they need",
  },
  jobs: {
    type: "string",
    alias: "j",
    valueHint: "N",
    description: "How many tasks run at the same time (1)",
  },
  "keep-going": {
    type: "boolean",
    alias: "k",
    description: "After a failure, go on with what does not depend on it",
  },
  timeout: { type: "string", valueHint: "DURATION", description: "How long the whole run may take" },
  "dry-run": { type: "boolean", alias: "n", description: "Show what would run, and run nothing" },
  explain: { type: "boolean", description: "Show for each task whether it would run, and why; run nothing" },
  resume: {
    type: "boolean",
    description: "Take up a run that failed or was killed: the last one, or RUN ID",
  },
  force: { type: "boolean", description: "Resume although files of the run have changed" },
  watch: {
    type: "boolean",
    alias: "w",
    description: "Run again whenever the task file or its sources change",
  },
  "log-output": {
    type: "enum",
    options: ["interleaved", "grouped", "prefixed"],
    description: "What tasks print: as it comes, at the end of each, or named",
  },
  "log-level": {
    type: "enum",
    options: LOG_LEVELS,
    description: "The least of what scripts log that is shown (info)",
  },
  sandbox: {
    type: "boolean",
    description: "Only the state and pure functions, and what --allow adds",
  },
  allow: {
    type: "string",
    multiple: true,
    valueHint: "PERMISSION",
    description: "exec, net, fs, env, plugins, or a part: net=example.com,fs=build",
  },
  quiet: { type: "boolean", alias: "q", description: "Only what tasks print, and failures" },
  ...PLUGINS,
  ...OUTPUT,
  ...STORE,
} as const satisfies ArgsDef;

export type RunArgs = ParsedArgs<typeof RUN_ARGS>;

/** Options that ask for different things. */
const CONFLICTS = [
  ["dry-run", "resume"],
  ["explain", "resume"],
  ["watch", "resume"],
  ["dry-run", "watch"],
  ["explain", "watch"],
] as const;

/** Raises `usage` for options that make no sense together. */
export function checkTogether(args: RunArgs): void {
  const conflict = CONFLICTS.find(([one, other]) => args[one] && args[other]);
  if (conflict !== undefined) {
    const [one, other] = conflict;
    throw new RunnerError("usage", `Cannot use "--${one}" with --${other}: leave one of the two out.`);
  }
  if (args.force && !args.resume) {
    throw new RunnerError("usage", 'Cannot use "--force" without --resume: nothing else is held back.');
  }
}

/** The number after `--jobs`; undefined when it was not given. Raises `usage`. */
export function readJobs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const jobs = Number(text);
  if (/^\d+$/.test(text) && jobs >= 1) return jobs;
  throw new RunnerError("usage", `Cannot use "--jobs ${text}": expected a whole number from 1 up.`);
}

/** Milliseconds after `--timeout`; undefined when it was not given. Raises `usage`. */
export function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new RunnerError("usage", `Cannot use "--timeout ${text}": expected ${DURATION_SYNTAX}.`);
}

/** What `--sandbox` and `--allow` leave to scripts; undefined for everything. Paths start from `folder`. Raises `usage`. */
export function readPermits(
  { sandbox, allow }: Pick<RunArgs, "sandbox" | "allow">,
  folder: string,
): Permits | undefined {
  if (sandbox) return createPermits(allow, folder);
  if (allow.length === 0) return undefined;
  throw new RunnerError(
    "usage",
    `Cannot use "--allow ${allow[0]}" without --sandbox: everything is allowed then. Add --sandbox.`,
  );
}

/** The command line that takes up a run in the store that `args` name, as a shell reads it. */
export function resumeCommand(runId: string, args: Pick<RunArgs, "agent" | "backend" | "db">): string {
  const store = (["agent", "backend", "db"] as const).flatMap((name) => {
    const value = args[name];
    return value === undefined ? [] : [`--${name}`, Bun.$.escape(value)];
  });
  return ["runner run --resume", runId, ...store].join(" ");
}
