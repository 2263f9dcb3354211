import type { CommandEntry, Group } from "../command.ts";

/** `runner lock`. */
export const LOCK: Group = {
  summary: "Take locks for commands, and see who holds which",
  commands: {
    list: { summary: "The locks that are held", load: lockCommand(() => import("./list.ts")) },
    show: { summary: "Who holds one lock", load: lockCommand(() => import("./show.ts")) },
    release: {
      summary: "Take a lock away from its holder",
      load: lockCommand(() => import("./release.ts")),
    },
    run: { summary: "Run a command under a lock", load: lockCommand(() => import("./run.ts")) },
  },
  examples: ["runner lock run nightly --wait 5s -- echo done", "runner lock list"],
};

function lockCommand<M extends { command: unknown }>(load: () => Promise<M>): CommandEntry["load"] {
  // Each module defines its command with the types of its own arguments, which the edge does not need.
  return async () => (await load()).command as Awaited<ReturnType<CommandEntry["load"]>>;
}
