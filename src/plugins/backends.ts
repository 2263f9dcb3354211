import type { Backend } from "../backends/backend.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { KNOWN_BACKENDS, unknownBackend } from "../state/open.ts";
import { BUILT_INS } from "./builtin.ts";
import type { BackendDef, BackendOptions } from "./contract.ts";
import type { Place } from "./places.ts";
import { type LoadedPlugin, loadBuiltIn, loadPlugins, type PluginSettings } from "./plugin.ts";
import { Overdue, within } from "./within.ts";

/** How long `open` of a backend may take, in ms. */
const OPENING_MS = 5000;

/** What every backend can do. */
const METHODS: readonly (keyof Backend)[] = [
  "now",
  "read",
  "scan",
  "update",
  "deleteRange",
  "changes",
  "history",
  "revision",
  "compacted",
  "wait",
  "snapshot",
  "load",
  "stats",
  "sweep",
  "close",
];

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
  const failed = (reason: string) =>
    `Cannot open the state backend "${name}": ${reason.replace(/\.$/, "")} (plugin "${plugin.name}", ${plugin.file}).`;
  let opened: unknown;
  try {
    opened = await within(OPENING_MS, {
      plugin: plugin.name,
      file: plugin.file,
      overdue: "its open has not ended",
      act: () => definition.open(options),
    });
  } catch (error) {
    if (error instanceof RunnerError && !(error instanceof Overdue)) throw error;
    throw new RunnerError("unavailable", failed(messageOf(error)), { cause: error });
  }
  const problem = whyNoBackend(opened);
  if (problem !== undefined) throw new RunnerError("invalid", failed(problem));
  // It has all that a backend needs.
  return opened as Backend;
}

/** What is wrong with what `open` gave; undefined for a backend. */
function whyNoBackend(opened: unknown): string | undefined {
  if (typeof opened !== "object" || opened === null) {
    return `its open gave ${opened === null ? "null" : typeof opened}, and a backend is an object`;
  }
  const missing = METHODS.filter((method) => typeof Reflect.get(opened, method) !== "function");
  return missing.length === 0 ? undefined : `its open gave an object without ${missing.join(", ")}`;
}

/** The name of the backend that a URL is for, by its scheme. Raises `invalid`, naming those that there are. */
export async function backendOfUrl(url: string, places: BackendPlaces): Promise<string> {
  // Nothing but the scheme is ever shown: what follows may hold a password.
  const scheme = url.slice(0, url.indexOf(":"));
  const { backends } = await listBackends(places);
  for (const [name, { schemes = [] }] of backends) {
    if ([name, ...schemes].includes(scheme.toLowerCase())) return name;
  }
  throw unknown(scheme, backends);
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
  throw unknown(name, backends);
}

function unknown(name: string, backends: ReadonlyMap<string, BackendDef>): RunnerError {
  const known = [...KNOWN_BACKENDS, ...backends.keys()];
  return unknownBackend(name, known, didYouMean(name, known));
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
