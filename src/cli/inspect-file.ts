import { STDERR, writeWhole } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { TimeLimit } from "../tasks/limit.ts";
import { loadTaskFile, type Session } from "../tasks/session.ts";
import { readValues } from "../tasks/values.ts";
import { type Context, openContext } from "./context.ts";
import type { Output } from "./output.ts";
import { styleOf } from "./output.ts";
import { renderScriptError } from "./render-run.ts";
import { openRunStores } from "./stores.ts";
import { valueSources } from "./task-options.ts";

/** How long the top level of a file may take that is only looked at, in ms. */
const TOP_LEVEL_MS = 30_000;

/** What commands that only look at a task file were given. */
export interface InspectArgs {
  readonly set: readonly string[];
  readonly values: readonly string[];
  readonly env?: string | undefined;
  readonly agent?: string | undefined;
  readonly backend?: string | undefined;
  readonly db?: string | undefined;
}

/** A file that was loaded to be looked at. */
export interface Inspected {
  readonly session: Session;
  readonly context: Context;
  readonly sources: SourceLoader;
}

/**
 * Loads a task file so that its top level can have no effect, and hands its declarations to `use`, whose exit code
 * it returns. What the file prints goes to stderr; what it raises is shown, with the exit code for it, or raised
 * itself with `rethrow`.
 */
export async function inspectFile(
  {
    file,
    workdir,
    args,
    out,
    rethrow = false,
  }: { file: string; workdir?: string; args: InspectArgs; out: Output; rethrow?: boolean },
  use: (inspected: Inspected) => Promise<number> | number,
): Promise<number> {
  await using context = await openContext({ ...args, forTaskFile: file });
  let sources: SourceLoader | undefined;
  try {
    const loaded = await loadTaskFile({
      file,
      ...(workdir !== undefined && { workdir }),
      viewpoint: process.cwd(),
      values: readValues(valueSources(args, file)),
      settings: {
        ...(await openRunStores(context, { ...args, forTaskFile: file })),
        memoryLimit: context.config.settings["lua.memory"],
      },
      purpose: "inspect",
      limit: new TimeLimit(`Cannot load ${file}: its top level has not ended after`, TOP_LEVEL_MS),
      print: (text) => writeWhole(STDERR, text),
      log: ({ message }) => out.note(message),
      onSources: (loader) => {
        sources = loader;
      },
    });
    if ("exitCode" in loaded || sources === undefined) return "exitCode" in loaded ? loaded.exitCode : 0;
    return await use({ session: loaded.session, context, sources });
  } catch (error) {
    if (!(error instanceof ScriptError) || rethrow) throw error;
    out.note(renderScriptError(error, styleOf(STDERR, process.env), sources));
    return error.exitCode;
  }
}
