import type { Group } from "../command.ts";

/** `runner plugin`. */
export const PLUGIN: Group = {
  summary: "Add modules, commands, hooks and state backends",
  commands: {
    list: {
      summary: "What there is, from where, and what it adds",
      load: async () => (await import("./list.ts")).command,
    },
    show: { summary: "All that one plugin adds", load: async () => (await import("./show.ts")).command },
    new: { summary: "Start a plugin", load: async () => (await import("./new.ts")).command },
    check: {
      summary: "Find what is wrong with a plugin, and run its test",
      load: async () => (await import("./check.ts")).command,
    },
  },
  examples: ["runner plugin list", "runner plugin new hello"],
};
