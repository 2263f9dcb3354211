import type { CommandEntry, Group } from "./command.ts";

const STATE: Group = {
  summary: "Look at and change what is stored",
  commands: {
    list: { summary: "Entries, as a table", load: stateCommand("list") },
    keys: { summary: "Keys, one a line", load: stateCommand("keys") },
    get: { summary: "One value, bare", load: stateCommand("get") },
    show: { summary: "One entry with all that is known", load: stateCommand("show") },
    set: { summary: "Store a value", load: stateCommand("set") },
    delete: { summary: "Remove keys", load: stateCommand("delete") },
    clear: { summary: "Remove all keys, or those of a pattern", load: stateCommand("clear") },
    incr: { summary: "Add to a number", load: stateCommand("incr") },
    ttl: { summary: "How long a key lives; change it", load: stateCommand("ttl") },
    stats: { summary: "Figures about the store", load: stateCommand("stats") },
  },
  examples: ["runner state set deploy:version v1.3.0", "runner state list deploy"],
};

function stateCommand(name: keyof typeof import("./state/commands.ts").STATE_COMMANDS): CommandEntry["load"] {
  return async () => (await import("./state/commands.ts")).STATE_COMMANDS[name];
}

/** Every command. Modules load when their command is called, so that none pays for another. */
export const ROOT: Group = {
  summary: "Runs Lua task files and keeps durable state for them",
  commands: {
    run: { summary: "Run a task file", load: async () => (await import("./run.ts")).command },
    list: { summary: "What a task file declares", load: async () => (await import("./list.ts")).command },
    state: STATE,
    version: { summary: "Which build this is", load: async () => (await import("./version.ts")).command },
  },
  examples: ["runner state set greeting hello", "runner state get greeting"],
};
