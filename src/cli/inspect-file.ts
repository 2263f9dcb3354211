import { exitCodeOf, RunnerError } from "../lib/errors.ts";
import { STDERR, writeWhole } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import type { Permits } from "../modules/permits.ts";
import { TimeLimit } from "../tasks/limit.ts";
import { loadTaskFile, type Session } from "../tasks/session.ts";
import { readValues } from "../tasks/values.ts";
import { type Context, openContext } from "./context.ts";
import type { Output } from "./output.ts";
import { styleOf } from "./output.ts";
import { openPlugins } from "./plugin/session.ts";
import { noteLog, renderScriptError } from "./render-run.ts";
import { secretMatcher } from "./secrets.ts";
import { openRunStores } from "./stores.ts";
import { valueSources } from "./task-options.ts";

/** How long the top level of a file may take that is only looked at, in ms, unless a run itself has less time. */
const TOP_LEVEL_MS = 30_000;

/** What commands that only look at a task file were given. */
export interface InspectArgs {
  readonly set: readonly string[];
  readonly values: readonly string[];
  readonly env?: string | undefined;
  readonly agent?: string | undefined;
  readonly backend?: string | undefined;
  readonly db?: string | undefined;
  readonly plugins?: readonly string[] | undefined;
}

export interface InspectOptions {
  readonly file: string;
  /** Folder of `-C`; absolute. */
  readonly workdir?: string;
  readonly args: InspectArgs;
  readonly out: Output;
  /** Whether what the file raises is raised, and not shown. */
  readonly rethrow?: boolean;
  /** Whether what the file would change, as far as that can be said, is shown and no error. */
  readonly dryRun?: boolean;
  /** What the file may do besides having no effect; everything if undefined. */
  readonly permits?: Permits | undefined;
}

/** A file that was loaded to be looked at. */
export interface Inspected {
  readonly session: Session;
  readonly context: Context;
  readonly sources: SourceLoader;
  /** What is odd: with plugins, or that the file ended itself. */
  readonly problems: readonly string[];
  /** What people are told when there are no tasks. */
  readonly nothing: string;
}

const PLAIN = "It declares no tasks: it is a plain script.";

/**
 * Loads a task file so that its top level can have no effect, and hands its declarations to `use`, whose exit code
 * it returns, or that with which the file ended itself by `os.exit`. What the file prints goes to stderr; what it raises
 * is shown, with the exit code for it. With `rethrow` that is raised, and the exit code is that of `use` alone.
 */
export async function inspectFile(
  { file, workdir, args, out, rethrow = false, dryRun = false, permits }: InspectOptions,
  use: (inspected: Inspected) => Promise<number> | number,
): Promise<number> {
  const problems: string[] = [];
  await using context = await openContext({ ...args, forTaskFile: file });
  const stores = await openRunStores(context, { ...args, forTaskFile: file });
  await using plugins = await openPlugins(
    context,
    { ...args, forTaskFile: file, purpose: "inspect" },
    {
      open: async () => stores,
      log: (record) => noteLog(record, out),
      warn: (problem) => void problems.push(problem),
    },
  );
  if (!rethrow) for (const problem of problems) out.note(problem);
  let sources: SourceLoader | undefined;
  const { settings } = context.config;
  const time = Math.min(TOP_LEVEL_MS, settings["run.timeout"] ?? TOP_LEVEL_MS);
  using limit = new TimeLimit(`Cannot load ${file}: its top level has not ended after`, time, {
    exitCode: exitCodeOf("invalid"),
  });
  try {
    const loaded = await loadTaskFile({
      file,
      ...(workdir !== undefined && { workdir }),
      viewpoint: process.cwd(),
      ...(permits !== undefined && { permits }),
      values: readValues(valueSources(args, file)),
      settings: {
        ...stores,
        plugins,
        memoryLimit: settings["lua.memory"],
        isSecret: secretMatcher(settings["secrets.patterns"]),
        limit,
      },
      purpose: "inspect",
      print: (text) => writeWhole(STDERR, text),
      log: (record) => noteLog(record, out),
      ...(dryRun && { onPretended: (diff: string) => out.note(diff) }),
      onSources: (loader) => {
        sources = loader;
      },
    });
    const { session, ended } = loaded;
    if (sources === undefined) return 0;
    const { dropped } = ended ?? {};
    if (dropped !== undefined) problems.push(dropped);
    if (dropped !== undefined && !rethrow && out.format === "json") out.note(dropped);
    const exitCode = await use({ session, context, sources, problems, nothing: dropped ?? PLAIN });
    return rethrow ? exitCode : exitCode || (ended?.exitCode ?? 0);
  } catch (error) {
    // It would end no run either.
    if (error === limit.signal.reason && error instanceof RunnerError)
      throw new RunnerError("invalid", `${error.message}. Move what it does into a task.`);
    if (!(error instanceof ScriptError) || rethrow) throw error;
    out.note(renderScriptError(error, styleOf(STDERR, process.env), sources));
    return error.exitCode;
  }
}
