import { RunnerError } from "../../lib/errors.ts";
import type { ModuleDef } from "../../modules/define.ts";
import { BUILT_INS } from "../../plugins/builtin.ts";
import { describeModules } from "../../plugins/modules.ts";
import { type LoadedPlugin, loadBuiltIn } from "../../plugins/plugin.ts";
import { showProblem } from "../../plugins/problem.ts";
import { settle } from "../context.ts";
import { pluginPlaces } from "./places.ts";
import { load } from "./session.ts";

/** The modules of all plugins that this folder uses, for documentation and editors; `note` is told of those that fail. */
export async function listPluginModules(note: (text: string) => void): Promise<ModuleDef[]> {
  // What it needs to know of these does not depend on their settings.
  const bare = { config: {}, origin: "" };
  const ours = BUILT_INS.filter(({ modules }) => modules.length > 0).map((each) => loadBuiltIn(each, bare));
  return [...ours, ...(await findOthers(note))].flatMap(describeModules);
}

async function findOthers(note: (text: string) => void): Promise<readonly LoadedPlugin[]> {
  try {
    const places = pluginPlaces(await settle(), {});
    if (places.distrust !== undefined) note(places.distrust);
    const { plugins, problems } = await load(places);
    for (const problem of problems) note(showProblem(problem));
    return plugins;
  } catch (error) {
    // A mistake in the config is no reason to show nothing.
    if (!(error instanceof RunnerError)) throw error;
    note(error.message);
    return [];
  }
}
