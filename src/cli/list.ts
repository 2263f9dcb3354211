import { STDERR, writeWhole } from "../lib/stdio.ts";
import { ScriptError } from "../lua/errors.ts";
import type { SourceLoader } from "../lua/loader.ts";
import { openLocks } from "../state/locks/open.ts";
import { loadTaskFile } from "../tasks/session.ts";
import { parseAssignments } from "../tasks/values.ts";
import { defineCommand } from "./command.ts";
import { openContext } from "./context.ts";
import { findTaskFile } from "./find-task-file.ts";
import { OUTPUT, STORE } from "./options.ts";
import { styleOf } from "./output.ts";
import { renderError } from "./run-report-text.ts";
import { renderTable } from "./table.ts";

const COLUMNS = [{ title: "TASK" }, { title: "AFTER" }, { title: "DESCRIPTION", flexible: true }] as const;

/** `runner list`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: "The task file; runner.lua without one" },
    set: {
      type: "string",
      multiple: true,
      valueHint: "NAME=VALUE",
      description: "A value for the script: values.NAME",
    },
    ...OUTPUT,
    ...STORE,
  },
  details: `The top level of the file is executed for this, so there it may not write state, start processes or change files.
What it prints goes to stderr.`,
  examples: ["runner list deploy.lua", "runner list deploy.lua -o json"],
  async run({ args, out }) {
    const { file } = findTaskFile(args.file === undefined ? [] : [args.file], ".");
    await using context = await openContext({ ...args, forTaskFile: file });
    let sources: SourceLoader | undefined;
    try {
      const loaded = await loadTaskFile({
        file,
        viewpoint: process.cwd(),
        values: parseAssignments(args.set),
        settings: {
          store: context.store,
          locks: openLocks(context.store),
          memoryLimit: context.config.settings["lua.memory"],
        },
        purpose: "inspect",
        print: (text) => writeWhole(STDERR, text),
        log: ({ message }) => out.note(message),
        onSources: (loader) => {
          sources = loader;
        },
      });
      const tasks = "session" in loaded ? [...loaded.session.tasks.values()] : [];
      if (out.format === "json") {
        const shown = tasks.map(({ name, description, dependsOn, declaredAt }) => ({
          name,
          description: description ?? null,
          depends_on: dependsOn,
          declared_at: `${declaredAt.source}:${declaredAt.line}`,
        }));
        out.line(JSON.stringify(shown));
      } else if (tasks.length === 0) out.note("It declares no tasks: it is a plain script.");
      else {
        const rows = tasks.map(({ name, description, dependsOn }) => [
          name,
          dependsOn.join(", ") || "–",
          description ?? "",
        ]);
        out.line(renderTable(COLUMNS, rows, out));
      }
      return 0;
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      out.note(renderError(error, styleOf(STDERR, process.env), sources));
      return error.exitCode;
    }
  },
});
