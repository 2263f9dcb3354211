import { messageOf, RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { KNOWN_BACKENDS } from "../state/open.ts";
import { BUILT_INS, type BuiltIn } from "./builtin.ts";
import { importPlugin } from "./load.ts";
import { type Candidate, findPlugins, type Origin, type Place } from "./places.ts";
import { type Problem, refuse } from "./problem.ts";
import { type Definition, LUA_NAME, readSettings, validate } from "./validate.ts";

/** A plugin that is loaded and has settings that fit; nothing of it has been called. */
export interface LoadedPlugin {
  readonly name: string;
  readonly origin: Origin;
  /** How messages call its file. */
  readonly file: string;
  readonly definition: Definition;
  readonly settings: unknown;
}

/** A plugin that is written in Lua: it runs in the VM of the script that uses it. */
export type LuaPlugin = Candidate & { readonly kind: "lua" };

/** What a load came to. */
export interface LoadedPlugins {
  readonly plugins: readonly LoadedPlugin[];
  readonly lua: readonly LuaPlugin[];
  readonly problems: readonly Problem[];
}

/** `plugins.config`, and where it is set, for messages. */
export interface PluginSettings {
  readonly config: Readonly<Record<string, unknown>>;
  readonly origin: string;
  /** Whether a plugin's code may be loaded, which no sandbox holds; all may be if absent. */
  readonly allows?: (name: string) => boolean;
}

/**
 * The plugins of some folders. `taken` are the names that they may not use as modules and commands. Never raises for what
 * is wrong with a plugin: that is among the problems.
 */
export async function loadPlugins(
  places: readonly Place[],
  settings: PluginSettings,
  taken: { readonly modules: ReadonlySet<string>; readonly commands: ReadonlySet<string> },
): Promise<LoadedPlugins> {
  const { found, problems } = findPlugins(places);
  const plugins: LoadedPlugin[] = [];
  const lua: LuaPlugin[] = [];
  const clashes = new Clashes(taken);
  for (const candidate of found) {
    try {
      if (isLua(candidate)) {
        if (!LUA_NAME.test(candidate.name))
          throw refuse(`"${candidate.name}" cannot be a global of Lua. Rename it: letters, digits and _.`);
        clashes.claim("modules", [candidate.name], candidate.file);
        lua.push(candidate);
        continue;
      }
      if (settings.allows?.(candidate.name) === false)
        throw refuse(`its code would not be in the sandbox. Allow it: --allow plugins=${candidate.name}`);
      const plugin = await loadPlugin(candidate, settings);
      clashes.claimAll(plugin);
      plugins.push(plugin);
    } catch (error) {
      const reason =
        error instanceof RunnerError ? error.message : `it raised an error: ${messageOf(error)}.`;
      problems.push({ plugin: candidate.name, file: candidate.file, reason });
    }
  }
  problems.push(
    ...unknownSettings(settings, [...found, ...problems.map(({ plugin: name }) => ({ name })), ...plugins]),
  );
  return { plugins, lua, problems };
}

/** One plugin of its own file. Raises `invalid` with the reason alone. */
export async function loadPlugin(candidate: Candidate, settings: PluginSettings): Promise<LoadedPlugin> {
  return prepare(validate(await importPlugin(candidate)), candidate, settings);
}

/** A plugin that comes with the binary. Raises `invalid` with the reason alone when its settings do not fit. */
export function loadBuiltIn({ name, load }: BuiltIn, settings: PluginSettings): LoadedPlugin {
  // Made here and checked by the compiler, they need no look at their parts.
  return prepare(load() as Definition, { file: `built-in ${name}`, origin: "built in" }, settings);
}

function prepare(
  definition: Definition,
  { file, origin }: { file: string; origin: Origin },
  { config, origin: setIn }: PluginSettings,
): LoadedPlugin {
  const { name } = definition;
  const given = Object.hasOwn(config, name) ? config[name] : undefined;
  return { name, origin, file, definition, settings: readSettings(definition, given, setIn) };
}

/** Settings for a plugin that there is not: most likely they are for one with another name. */
function unknownSettings(
  { config, origin }: PluginSettings,
  known: readonly { readonly name: string }[],
): Problem[] {
  const names = [...known, ...BUILT_INS].map(({ name }) => name);
  return Object.keys(config)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      plugin: name,
      file: origin,
      reason: `plugins.config.${name} is set, and there is no plugin of this name.${didYouMean(name, names)}`,
    }));
}

/** Who has which name: of modules, commands, backends and plugins. */
class Clashes {
  readonly #owners = new Map<string, string>();

  constructor(taken: { readonly modules: Iterable<string>; readonly commands: Iterable<string> }) {
    for (const name of taken.modules) this.#owners.set(`modules ${name}`, "runner itself");
    for (const name of taken.commands) this.#owners.set(`commands ${name}`, "runner itself");
    for (const name of KNOWN_BACKENDS) this.#owners.set(`backends ${name}`, "runner itself");
    for (const { name, modules, commands, backends } of BUILT_INS) {
      this.#owners.set(`plugins ${name}`, `the built-in plugin "${name}"`);
      for (const module of modules) this.#owners.set(`modules ${module}`, `the built-in plugin "${name}"`);
      for (const command of Object.keys(commands))
        this.#owners.set(`commands ${command}`, `the built-in plugin "${name}"`);
      for (const backend of backends)
        this.#owners.set(`backends ${backend}`, `the built-in plugin "${name}"`);
    }
  }

  claimAll({ definition, file }: LoadedPlugin): void {
    const { name, modules = {}, commands = {}, backends = {} } = definition;
    const wanted = {
      plugins: [name],
      modules: Object.keys(modules),
      commands: Object.keys(commands),
      backends: Object.keys(backends),
    };
    // All or nothing: half a plugin would be harder to understand than none.
    for (const [kind, names] of Object.entries(wanted)) for (const each of names) this.#check(kind, each);
    for (const [kind, names] of Object.entries(wanted)) this.claim(kind, names, file);
  }

  claim(kind: string, names: readonly string[], file: string): void {
    for (const name of names) {
      this.#check(kind, name);
      this.#owners.set(`${kind} ${name}`, `"${file}"`);
    }
  }

  #check(kind: string, name: string): void {
    const owner = this.#owners.get(`${kind} ${name}`);
    if (owner !== undefined)
      throw refuse(
        `the ${kind.slice(0, -1)} "${name}" is there already: ${owner} has it. Rename one of them.`,
      );
  }
}

function isLua(candidate: Candidate): candidate is LuaPlugin {
  return candidate.kind === "lua";
}
