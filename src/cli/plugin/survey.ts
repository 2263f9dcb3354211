import { messageOf, RunnerError } from "../../lib/errors.ts";
import { hasCode } from "../../lib/stdio.ts";
import { signatureOf } from "../../modules/reference/signature.ts";
import { BUILT_INS, type BuiltIn } from "../../plugins/builtin.ts";
import { describeModules } from "../../plugins/modules.ts";
import { type Candidate, candidateOf } from "../../plugins/places.ts";
import {
  type LoadedPlugin,
  type LuaPlugin,
  loadBuiltIn,
  loadPlugin,
  type PluginSettings,
} from "../../plugins/plugin.ts";
import { settle } from "../context.ts";
import { pluginPlaces } from "./places.ts";
import { load } from "./session.ts";
import { watchPlugins } from "./watch.ts";

/** A plugin as the commands show it. */
export interface Listed {
  readonly name: string;
  readonly version: string | null;
  readonly description: string | null;
  /** Where it comes from: "built in", "home", "config", "project" or "--plugins". */
  readonly origin: string;
  readonly file: string;
  /** Signatures of functions; one of Lua adds its table, whose functions are known when it runs. */
  readonly modules: readonly string[];
  readonly commands: readonly string[];
  readonly hooks: readonly string[];
  readonly backends: readonly string[];
  /** What is wrong with it; null when it can be used. */
  readonly problem: string | null;
}

/** All plugins that this folder uses, those that cannot be used with the reason, and why others are not looked at. */
export async function survey(plugins: readonly string[]): Promise<{ listed: Listed[]; distrust?: string }> {
  const places = pluginPlaces(await settle(), { plugins });
  const found = await load(places);
  return {
    listed: [
      ...BUILT_INS.map((builtIn) => fromBuiltIn(builtIn, places.settings)),
      ...found.plugins.map((plugin) => fromLoaded(plugin)),
      ...found.lua.map((plugin) => fromLua(plugin)),
      ...found.problems.map(({ plugin, file, reason }) => broken(plugin, file, reason)),
    ],
    ...(places.distrust !== undefined && { distrust: places.distrust }),
  };
}

/** The plugin of a file or folder. Raises `not_found`; what else is wrong with it is its problem. */
export async function surveyPath(path: string): Promise<Listed> {
  const places = pluginPlaces(await settle(), {});
  const candidate = findCandidate(path);
  if (candidate.kind === "lua") return fromLua({ ...candidate, kind: "lua" });
  watchPlugins();
  try {
    return fromLoaded(await loadPlugin(candidate, places.settings));
  } catch (error) {
    return broken(candidate.name, candidate.file, messageOf(error));
  }
}

/** The plugin that a path leads to. Raises `not_found`. */
export function findCandidate(path: string): Candidate {
  let candidate: Candidate | undefined;
  try {
    candidate = candidateOf(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  if (candidate !== undefined) return candidate;
  throw new RunnerError(
    "not_found",
    `Cannot find a plugin at "${path}": expected a .ts, .js or .lua file, or a folder with an index of these.`,
  );
}

function fromBuiltIn(builtIn: BuiltIn, settings: PluginSettings): Listed {
  const whole = fromLoaded(loadBuiltIn(builtIn, { config: {}, origin: "" }));
  return { ...whole, problem: problemOf(() => loadBuiltIn(builtIn, settings)) };
}

function problemOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function fromLoaded(plugin: LoadedPlugin): Listed {
  const { definition, name, origin, file } = plugin;
  const { version = null, description = null, commands = {}, hooks = {}, backends = {} } = definition;
  return {
    name,
    version,
    description,
    origin,
    file,
    modules: describeModules(plugin).flatMap((module) =>
      Object.entries(module.functions).map(([fn, each]) => signatureOf(module, fn, each)),
    ),
    commands: Object.entries(commands).flatMap(([word, command]) =>
      "commands" in command ? Object.keys(command.commands).map((inner) => `${word} ${inner}`) : [word],
    ),
    hooks: Object.keys(hooks),
    backends: Object.keys(backends),
    problem: null,
  };
}

function fromLua({ name, origin, file }: LuaPlugin): Listed {
  const nothing = { version: null, description: null, commands: [], hooks: [], backends: [], problem: null };
  return { ...nothing, name, origin, file, modules: [name] };
}

function broken(name: string, file: string, problem: string): Listed {
  const nothing = { version: null, description: null, modules: [], commands: [], hooks: [], backends: [] };
  return { ...nothing, name, origin: "", file, problem };
}
