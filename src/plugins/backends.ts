import type { Backend } from "../backends/backend.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { KNOWN_BACKENDS, unknownBackend } from "../state/open.ts";
import { BUILT_INS } from "./builtin.ts";
import type { BackendDef, BackendOptions } from "./contract.ts";
import type { Place } from "./places.ts";
import { type LoadedPlugin, loadBuiltIn, loadPlugins, type PluginSettings } from "./plugin.ts";

/** Where to look for backends beside those that come with the binary. */
export interface BackendPlaces {
  readonly places: readonly Place[];
  readonly settings: PluginSettings;
}

/** A backend of a plugin. Raises `invalid` for a name that none has, naming those that there are. */
export async function openPluginBackend(
  name: string,
  options: BackendOptions,
  places: BackendPlaces,
): Promise<Backend> {
  const { definition, plugin } = await findBackend(name, places);
  try {
    return await definition.open(options);
  } catch (error) {
    if (error instanceof RunnerError) throw error;
    const text = `Cannot open the state backend "${name}": ${messageOf(error)} (plugin "${plugin.name}", ${plugin.file}).`;
    throw new RunnerError("unavailable", text, { cause: error });
  }
}

/** The name of the backend that a URL is for, by its scheme; undefined when nothing known has it. */
export async function backendOfUrl(url: string, places: BackendPlaces): Promise<string | undefined> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  for (const [name, { schemes = [] }] of (await listBackends(places)).backends) {
    if (scheme === name || schemes.includes(scheme)) return name;
  }
  return undefined;
}

async function findBackend(
  name: string,
  places: BackendPlaces,
): Promise<{ readonly definition: BackendDef; readonly plugin: LoadedPlugin }> {
  const ours = BUILT_INS.find(({ backends }) => backends.includes(name));
  if (ours !== undefined) {
    const plugin = loadBuiltIn(ours, places.settings);
    const definition = plugin.definition.backends?.[name];
    if (definition !== undefined) return { definition, plugin };
  }
  const { backends, plugins, failed } = await listBackends(places);
  const definition = backends.get(name);
  const plugin = plugins.find(({ definition: { backends: theirs } }) => theirs?.[name] !== undefined);
  if (definition !== undefined && plugin !== undefined) return { definition, plugin };
  const broken = failed.find(({ plugin: its }) => its === name);
  if (broken !== undefined) {
    throw new RunnerError(
      "invalid",
      `Cannot use state backend "${name}": its plugin (${broken.file}) does not work: ${broken.reason}`,
    );
  }
  const known = [...KNOWN_BACKENDS, ...backends.keys()];
  throw unknownBackend(name, known, didYouMean(name, known));
}

async function listBackends({ places, settings }: BackendPlaces) {
  const { plugins, problems: failed } = await loadPlugins(places, settings, {
    modules: new Set(),
    commands: new Set(),
  });
  const all = [
    ...BUILT_INS.filter(({ backends }) => backends.length > 0).map((each) => loadBuiltIn(each, settings)),
    ...plugins,
  ];
  const backends = new Map(all.flatMap(({ definition }) => Object.entries(definition.backends ?? {})));
  return { backends, plugins: all, failed };
}
