import { exitCodeOf, RunnerError } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/suggest.ts";
import { showProblem } from "../../plugins/problem.ts";
import { defineCommand } from "../command.ts";
import { OUTPUT, PLUGINS } from "../options.ts";
import { renderFacts } from "../table.ts";
import { type Listed, survey, surveyPath } from "./survey.ts";

/** `runner plugin show`. */
export const command = defineCommand({
  args: {
    plugin: { type: "positional", description: "Its name, or the path of its file or folder" },
    ...PLUGINS,
    ...OUTPUT,
  },
  examples: ["runner plugin show notify", "runner plugin show report -o json"],
  async run({ args, out }) {
    const listed = isPath(args.plugin)
      ? await surveyPath(args.plugin)
      : await find(args.plugin, args.plugins);
    if (out.format === "json") out.line(JSON.stringify(listed));
    else {
      const { name, version, description, origin, file, modules, commands, hooks, backends } = listed;
      const facts: [string, readonly string[]][] = [
        ["plugin", [version === null ? name : `${name} ${version}`]],
        ["about", description === null ? [] : [description]],
        ["from", [origin === "" ? "–" : origin]],
        ["file", [file]],
        ["functions", modules],
        ["commands", commands.map((word) => `runner ${word}`)],
        ["hooks", hooks],
        ["backends", backends.map((backend) => `state.backend: ${backend}`)],
        ["settings", [`plugins.config.${name}`]],
      ];
      out.line(
        renderFacts(
          facts.flatMap(([title, lines]) => lines.map((line, i) => [i === 0 ? title : "", line] as const)),
          out.style,
        ),
      );
    }
    if (listed.problem === null) return 0;
    const { name, file, problem } = listed;
    out.note(showProblem({ plugin: name, file, reason: problem }));
    return exitCodeOf("invalid");
  },
});

/** Whether a word is a path and no name. */
export function isPath(word: string): boolean {
  return /[\\/]|\.(ts|js|lua)$/.test(word) || word === ".";
}

async function find(name: string, plugins: readonly string[]): Promise<Listed> {
  const { listed, distrust } = await survey(plugins);
  const found = listed.find((each) => each.name === name);
  if (found !== undefined) return found;
  const hint =
    didYouMean(
      name,
      listed.map((each) => each.name),
    ) || " See: runner plugin list";
  const more = distrust === undefined ? "" : `\n${distrust}`;
  throw new RunnerError("not_found", `Cannot find plugin "${name}".${hint}${more}`);
}
