/** What is known of a plugin that comes with the binary without loading it. */
export interface BuiltIn {
  readonly name: string;
  readonly modules: readonly string[];
  /** Names and one-line summaries. */
  readonly commands: Readonly<Record<string, string>>;
  /** Whether it has hooks; it then does nothing before its settings are there. */
  readonly hooks: boolean;
  readonly backends: readonly string[];
  /** Its default export. */
  load(): unknown;
}

/** The first-party plugins, each loaded when something of it is used. */
export const BUILT_INS: readonly BuiltIn[] = [
  {
    name: "metrics",
    modules: [],
    commands: {},
    hooks: true,
    backends: [],
    load: () => require("../../plugins/metrics/index.ts").default,
  },
  {
    name: "notify",
    modules: ["notify"],
    commands: {},
    hooks: true,
    backends: [],
    load: () => require("../../plugins/notify/index.ts").default,
  },
  {
    name: "redis",
    modules: [],
    commands: {},
    hooks: false,
    backends: ["redis"],
    load: () => require("../../plugins/redis/index.ts").default,
  },
  {
    name: "report",
    modules: [],
    commands: { report: "How often tasks fail and how long they take" },
    hooks: false,
    backends: [],
    load: () => require("../../plugins/report/index.ts").default,
  },
];
