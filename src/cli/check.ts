import { exitCodeOf, RunnerError } from "../lib/errors.ts";
import { plural } from "../lib/text.ts";
import { ScriptError } from "../lua/errors.ts";
import { findMistakes } from "../tasks/check.ts";
import { showPosition } from "../tasks/problems.ts";
import { defineCommand } from "./command.ts";
import { findTaskFile } from "./find-task-file.ts";
import { inspectFile } from "./inspect-file.ts";
import { OUTPUT, PLUGINS, STORE } from "./options.ts";
import { VALUES } from "./task-options.ts";

/** `runner check`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: "The task file; runner.lua without one" },
    ...VALUES,
    ...PLUGINS,
    ...OUTPUT,
    ...STORE,
  },
  details: `Finds what would go wrong, without running a task: mistakes in declarations, names that stand for nothing, circles,
globals that nothing sets, calls of module functions that do not exist. Exits with 5 when there is something.
The top level of the file is executed for this, without any effect.`,
  examples: ["runner check deploy.lua", "runner check deploy.lua -o json"],
  tellsErrors: () => ({}),
  async run({ args, out }) {
    const { file } = findTaskFile(args.file === undefined ? [] : [args.file], ".");
    const show = (
      problems: readonly string[],
      facts: { tasks: number; warnings: readonly string[]; name: string },
    ) => {
      if (out.format === "json") {
        out.line(
          JSON.stringify({
            file,
            ok: problems.length === 0,
            problems,
            warnings: facts.warnings,
            tasks: facts.tasks,
          }),
        );
      } else {
        for (const warning of facts.warnings) out.note(`warn  ${warning}`);
        for (const problem of problems) out.line(problem);
        if (problems.length === 0) out.line(`${facts.name}: ${plural(facts.tasks, "task")}, nothing wrong`);
      }
      return problems.length === 0 ? 0 : INVALID;
    };
    try {
      return await inspectFile(
        { file, args, out, rethrow: true },
        async ({ session, sources, problems: ofPlugins }) => {
          const { tasks } = session.declarations;
          const warnings = [...session.declarations.warnings, ...ofPlugins];
          const findings = await findMistakes(session, sources);
          const problems = findings.map(({ at, text }) => `${showPosition(at)}: ${text}`);
          return show(problems, { tasks: tasks.size, warnings, name: session.name });
        },
      );
    } catch (error) {
      const cause = error instanceof ScriptError ? error.asInvalid() : error;
      if (!(cause instanceof RunnerError) || cause.exitCode !== INVALID) throw error;
      return show(cause.message.split("\n"), { tasks: 0, warnings: [], name: file });
    }
  },
});

const INVALID = exitCodeOf("invalid");
