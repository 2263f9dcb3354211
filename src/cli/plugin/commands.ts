import { RunnerError } from "../../lib/errors.ts";
import type { BuiltIn } from "../../plugins/builtin.ts";
import type { PluginCommand, PluginCommands } from "../../plugins/contract.ts";
import type { LoadedPlugin } from "../../plugins/plugin.ts";
import { showProblem } from "../../plugins/problem.ts";
import type { Command, CommandEntry, Group } from "../command.ts";
import { settle } from "../context.ts";
import type { Added } from "./added.ts";
import { pluginPlaces } from "./places.ts";
import { load, mayHavePlugins } from "./session.ts";

/** The commands of plugins that do not come with the binary. */
export async function listOthers(): Promise<Added> {
  try {
    const places = pluginPlaces(await settle(), {});
    const notes = places.distrust === undefined ? [] : [places.distrust];
    if (!mayHavePlugins(places)) return { commands: {}, notes };
    const { plugins, problems } = await load(places);
    const entries = plugins.flatMap((plugin) =>
      Object.entries(plugin.definition.commands ?? {}).map(
        ([name, command]) => [name, toEntry(plugin, command)] as const,
      ),
    );
    return { commands: Object.fromEntries(entries), notes: [...notes, ...problems.map(showProblem)] };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return { commands: {}, notes: [error.message] };
  }
}

/** A command of a plugin, or a group of them, as the edge runs it. */
function toEntry(plugin: LoadedPlugin, command: PluginCommand | PluginCommands): CommandEntry | Group {
  if (!("commands" in command)) {
    return {
      summary: command.summary,
      load: async () => (await import("./command.ts")).toCommand(plugin, command),
    };
  }
  const entries = Object.entries(command.commands).map(
    ([name, each]) => [name, toEntry(plugin, each)] as const,
  );
  return { summary: command.summary, commands: Object.fromEntries(entries), examples: examplesOf(command) };
}

function examplesOf({ commands }: PluginCommands): readonly string[] {
  return Object.values(commands).flatMap(({ examples = [] }) => examples.slice(0, 1));
}

/** A command of a plugin that comes with the binary. Raises `invalid` when its settings do not fit. */
export async function loadBuiltInCommand(builtIn: BuiltIn, name: string): Promise<Command> {
  const [{ loadBuiltIn }, { toCommand }] = await Promise.all([
    import("../../plugins/plugin.ts"),
    import("./command.ts"),
  ]);
  const plugin = loadBuiltIn(builtIn, pluginPlaces(await settle(), {}).settings);
  const found = plugin.definition.commands?.[name];
  if (found === undefined || "commands" in found) {
    throw new RunnerError("bug", `the plugin ${builtIn.name} has no command ${name}`);
  }
  return toCommand(plugin, found);
}
