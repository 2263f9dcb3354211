import { hasSettings } from "../../config/environment.ts";
import { findHome } from "../../config/home.ts";
import { CONFIG_FILES, PLUGINS_FOLDER, TASK_FILE } from "../../config/project.ts";
import { dirname, exists, findIn, join, resolve } from "../../lib/path.ts";
import { BUILT_INS } from "../../plugins/builtin.ts";
import type { CommandEntry, Group } from "../command.ts";

/** The commands that plugins add to the program's own. */
export interface Added {
  readonly commands: Readonly<Record<string, CommandEntry | Group>>;
  /** Why there may be fewer than the user expects: what is wrong with plugins. */
  readonly notes: readonly string[];
}

/** A command of the plugins that come with the binary; nothing else is looked at for it. */
export function findBuiltIn(name: string): CommandEntry | undefined {
  for (const builtIn of BUILT_INS) {
    const summary = Object.hasOwn(builtIn.commands, name) ? builtIn.commands[name] : undefined;
    if (summary === undefined) continue;
    return { summary, load: async () => (await import("./commands.ts")).loadBuiltInCommand(builtIn, name) };
  }
  return undefined;
}

/** All commands of plugins. What is wrong with the config is left to commands that use it. */
export async function listAdded(): Promise<Added> {
  const commands: Record<string, CommandEntry> = {};
  for (const builtIn of BUILT_INS) {
    for (const name of Object.keys(builtIn.commands)) {
      const entry = findBuiltIn(name);
      if (entry !== undefined) commands[name] = entry;
    }
  }
  // The help of the program is to be there at once.
  if (!mayHaveOthers()) return { commands, notes: [] };
  const others = await (await import("./commands.ts")).listOthers();
  return { commands: { ...commands, ...others.commands }, notes: others.notes };
}

/** Whether there is any place where plugins, or a config that names some, could be. */
function mayHaveOthers(): boolean {
  const home = findHome(process.env);
  if (home !== undefined && findIn(home, [PLUGINS_FOLDER, "config.yaml"]).length > 0) return true;
  if (hasSettings(process.env)) return true;
  const start = resolve(".");
  for (let folder = start; ; folder = dirname(folder)) {
    if (findIn(folder, CONFIG_FILES).length > 0) return true;
    // Without a config, only those of a project count: many a folder has something that is called so.
    if ((folder === start || exists(join(folder, TASK_FILE))) && exists(join(folder, PLUGINS_FOLDER)))
      return true;
    if (dirname(folder) === folder) return false;
  }
}
