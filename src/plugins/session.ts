import { messageOf, RunnerError } from "../lib/errors.ts";
import type { CurrentContext } from "../modules/context.ts";
import type { LuaModule } from "../modules/module.ts";
import type { Permits } from "../modules/permits.ts";
import { BUILT_INS } from "./builtin.ts";
import { HookRunner } from "./hooks.ts";
import { PluginHost, type PluginServices } from "./host.ts";
import { createPluginModule } from "./modules.ts";
import { type LoadedPlugin, type LoadedPlugins, loadBuiltIn, type PluginSettings } from "./plugin.ts";
import type { Problem } from "./problem.ts";
import { RESERVED_MODULES } from "./reserved.ts";

/** What scripts get from plugins. */
export interface ScriptPlugins {
  /** The globals of modules. */
  readonly names: readonly string[];
  /** The module under one of these names. Raises `invalid` when its plugin does not work. */
  createModule(name: string, current: CurrentContext, permits: Permits): LuaModule | undefined;
  /** Plugins written in Lua, by the names of their globals. */
  readonly lua: readonly {
    readonly name: string;
    readonly file: string;
    readonly roots: readonly string[];
  }[];
  /** Why a name that a plugin would have had is not there. */
  readonly broken: ReadonlyMap<string, string>;
  /** Told of a plugin that turns out not to work. */
  readonly report: (problem: Problem) => void;
}

/** The plugins of a run: what scripts see of them, their hooks, and their end. */
export class PluginSession implements ScriptPlugins, AsyncDisposable {
  readonly hooks: HookRunner;
  readonly report: ScriptPlugins["report"];
  readonly #host: PluginHost;
  readonly #owners = new Map<string, LoadedPlugin>();

  constructor(
    private readonly loaded: LoadedPlugins,
    private readonly settings: PluginSettings,
    services: PluginServices,
  ) {
    this.#host = new PluginHost(services, loaded.plugins);
    this.report = services.report;
    for (const plugin of loaded.plugins) {
      for (const module of Object.keys(plugin.definition.modules ?? {})) this.#owners.set(module, plugin);
    }
    this.hooks = new HookRunner(this.#host, [...this.#configured(), ...loaded.plugins]);
    for (const problem of loaded.problems) services.report(problem);
  }

  get lua(): ScriptPlugins["lua"] {
    return this.loaded.lua;
  }

  get names(): readonly string[] {
    return [...BUILT_INS.flatMap(({ modules }) => modules), ...this.#owners.keys()];
  }

  get broken(): ReadonlyMap<string, string> {
    const names = new Set([...this.names, ...this.lua.map(({ name }) => name)]);
    // What scripts have under a name of runner's own stays.
    const failed = this.loaded.problems.filter(
      ({ plugin }) => !names.has(plugin) && !RESERVED_MODULES.has(plugin),
    );
    return new Map(failed.map(({ plugin, file, reason }) => [plugin, `${file}: ${reason}`]));
  }

  /** Sets up those that were found, in their order; one that fails is reported and has no effect. */
  async start(): Promise<void> {
    for (const plugin of this.loaded.plugins) await this.#host.isUsable(plugin);
  }

  createModule(name: string, current: CurrentContext, permits: Permits): LuaModule | undefined {
    const plugin = this.#owners.get(name) ?? this.#builtIn(name);
    return plugin && createPluginModule({ plugin, module: name, host: this.#host, current, permits });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#host[Symbol.asyncDispose]();
  }

  #builtIn(module: string): LoadedPlugin | undefined {
    const builtIn = BUILT_INS.find(({ modules }) => modules.includes(module));
    if (builtIn === undefined) return undefined;
    try {
      const plugin = loadBuiltIn(builtIn, this.settings);
      this.#owners.set(module, plugin);
      return plugin;
    } catch (error) {
      throw new RunnerError("invalid", `Cannot use "${module}": ${messageOf(error)}`, { cause: error });
    }
  }

  /** Those that come with the binary have hooks that act only once they are configured. */
  #configured(): LoadedPlugin[] {
    return BUILT_INS.flatMap((builtIn) => {
      if (!builtIn.hooks || !Object.hasOwn(this.settings.config, builtIn.name)) return [];
      try {
        const plugin = loadBuiltIn(builtIn, this.settings);
        for (const module of builtIn.modules) this.#owners.set(module, plugin);
        return [plugin];
      } catch (error) {
        this.report({ plugin: builtIn.name, file: this.settings.origin, reason: messageOf(error) });
        return [];
      }
    });
  }
}
