import type { ArgsDef } from "./command.ts";

/** Options that several commands share; a command spreads those that it takes into its `args`. */

/** How `--help` of the commands that read or write JSON describes it. */
export const JSON_DETAILS = `JSON keeps every value whole. What plain JSON cannot say is an object with one key:
  {"$int":"9223372036854775807"}, {"$float":"nan"}, {"$bytes":"BASE64"}, {"$map":[[KEY,VALUE],…]}`;

export const OUTPUT = {
  output: { type: "enum", alias: "o", options: ["text", "json"], description: "For people, or for programs" },
} as const satisfies ArgsDef;

export const STORE = {
  agent: { type: "string", valueHint: "NAME", description: "Whose store it is (local)" },
  backend: { type: "string", valueHint: "NAME", description: "State backend, instead of the configured one" },
  db: { type: "string", valueHint: "PATH", description: "The database file itself" },
} as const satisfies ArgsDef;

export const PLUGINS = {
  plugins: {
    type: "string",
    multiple: true,
    valueHint: "DIR",
    description: "A further folder of plugins",
  },
} as const satisfies ArgsDef;

export const YES = {
  yes: { type: "boolean", alias: "y", description: "Do not ask" },
} as const satisfies ArgsDef;

export const NO_BACKUP = {
  "no-backup": { type: "boolean", description: "Leave no backup of what is lost" },
} as const satisfies ArgsDef;

/** What every command takes; the edge acts on them and commands never see them. */
export const COMMON = {
  debug: { type: "boolean", description: "Show the stack of an error" },
  help: { type: "boolean", alias: "h", description: "Show this help" },
} as const satisfies ArgsDef;
