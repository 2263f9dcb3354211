import type { CommandEntry, Group } from "../command.ts";

/** `runner plugin`. */
export const PLUGIN: Group = {
  summary: "Add modules, commands, hooks and state backends",
  commands: {
    list: {
      summary: "What there is, from where, and what it adds",
      load: pluginCommand(() => import("./list.ts")),
    },
    show: { summary: "All that one plugin adds", load: pluginCommand(() => import("./show.ts")) },
    new: { summary: "Start a plugin", load: pluginCommand(() => import("./new.ts")) },
    check: {
      summary: "Find what is wrong with a plugin, and run its test",
      load: pluginCommand(() => import("./check.ts")),
    },
  },
  examples: ["runner plugin list", "runner plugin new hello"],
};

function pluginCommand<M extends { command: unknown }>(load: () => Promise<M>): CommandEntry["load"] {
  // Each module defines its command with the types of its own arguments, which the edge does not need.
  return async () => (await load()).command as Awaited<ReturnType<CommandEntry["load"]>>;
}
