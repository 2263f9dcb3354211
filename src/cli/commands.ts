import type { CommandEntry, Group } from "./command.ts";
import { LOCK } from "./lock/commands.ts";
import { PLUGIN } from "./plugin/group.ts";

const STATE: Group = {
  summary: "Look at and change what is stored",
  commands: {
    list: { summary: "Entries, as a table", load: stateCommand("list") },
    keys: { summary: "Keys, one a line", load: stateCommand("keys") },
    get: { summary: "One value, bare", load: async () => (await import("./state/get.ts")).command },
    show: { summary: "One entry with all that is known", load: stateCommand("show") },
    set: { summary: "Store a value", load: stateCommand("set") },
    delete: { summary: "Remove keys", load: stateCommand("delete") },
    clear: { summary: "Remove all keys, or those of a pattern", load: transferCommand("clear") },
    incr: { summary: "Add to a number", load: stateCommand("incr") },
    ttl: { summary: "How long a key lives; change it", load: stateCommand("ttl") },
    stats: { summary: "Figures about the store", load: transferCommand("stats") },
    history: { summary: "Earlier values of a key", load: historyCommand("history") },
    revert: { summary: "Bring an earlier value back", load: historyCommand("revert") },
    watch: { summary: "Follow changes, or run a command for each", load: historyCommand("watch") },
    export: { summary: "All of it as JSON lines", load: transferCommand("export") },
    import: { summary: "Take JSON lines back, or a store of Sloth Runner", load: transferCommand("import") },
    backup: { summary: "A checked copy in one file, while others write", load: transferCommand("backup") },
    restore: { summary: "Go back to a backup", load: transferCommand("restore") },
    migrate: { summary: "Copy one store into another", load: transferCommand("migrate") },
    verify: { summary: "Look for damage", load: transferCommand("verify") },
    compact: { summary: "Make the file as small as it can be", load: transferCommand("compact") },
  },
  examples: ["runner state set deploy:version v1.3.0", "runner state list deploy"],
};

function stateCommand(name: keyof typeof import("./state/commands.ts").STATE_COMMANDS): CommandEntry["load"] {
  return async () => (await import("./state/commands.ts")).STATE_COMMANDS[name];
}

function historyCommand(
  name: keyof typeof import("./state/history-commands.ts").HISTORY_COMMANDS,
): CommandEntry["load"] {
  return async () => (await import("./state/history-commands.ts")).HISTORY_COMMANDS[name];
}

function transferCommand(
  name: keyof typeof import("./state/transfer-commands.ts").TRANSFER_COMMANDS,
): CommandEntry["load"] {
  return async () => (await import("./state/transfer-commands.ts")).TRANSFER_COMMANDS[name];
}

/** Every command. Modules load when their command is called, so that none pays for another. */
export const ROOT: Group = {
  summary: "Runs Lua task files and keeps durable state for them",
  commands: {
    run: { summary: "Run a task file", load: async () => (await import("./run.ts")).command },
    list: { summary: "What a task file declares", load: async () => (await import("./list.ts")).command },
    graph: { summary: "Which task waits for which", load: async () => (await import("./graph.ts")).command },
    check: {
      summary: "Find mistakes without running a task",
      load: async () => (await import("./check.ts")).command,
    },
    runs: { summary: "What earlier runs did", load: async () => (await import("./runs.ts")).command },
    state: STATE,
    lock: LOCK,
    plugin: PLUGIN,
    repl: { summary: "Try Lua, line by line", load: async () => (await import("./repl.ts")).command },
    doctor: {
      summary: "Show every setting and where it comes from, and what is wrong",
      load: async () => (await import("./doctor.ts")).command,
    },
    docs: {
      summary: "What scripts have to work with",
      load: async () => (await import("./docs.ts")).command,
    },
    trust: {
      summary: "Let a project choose stores and plugins",
      load: async () => (await import("./trust.ts")).command,
    },
    init: { summary: "Start a project", load: async () => (await import("./init.ts")).command },
    completions: {
      summary: "Let the shell complete words",
      load: async () => (await import("./completions.ts")).command,
    },
    version: { summary: "Which build this is", load: async () => (await import("./version.ts")).command },
  },
  examples: ["runner state set greeting hello", "runner state get greeting"],
};
