import type { Spawning } from "../lua/async.ts";
import type { IoHost } from "../lua/io.ts";
import lazy from "../lua/lazy.lua" with { type: "text" };
import type { LuaVm } from "../lua/vm.ts";
import { createGlobals, createModule, MODULE_NAMES, type ModulesHost, wordsOf } from "../modules/all.ts";
import type { LuaModule } from "../modules/module.ts";
import type { StateHost } from "../modules/state/module.ts";
import type { ScriptPlugins } from "../plugins/session.ts";

/** What the modules of a run work with. */
export interface ModuleParts {
  readonly modules: ModulesHost;
  readonly state: StateHost;
  readonly io: IoHost;
  readonly spawning: Spawning;
  /** Modules of plugins. */
  readonly plugins?: ScriptPlugins | undefined;
  /** The module as scripts may have it. */
  readonly allowed: (module: LuaModule) => LuaModule;
}

/** Makes all modules known to scripts; each is made when a script first touches it (lazy.lua). */
export function installModules(
  vm: LuaVm,
  { modules, state, io, spawning, plugins, allowed }: ModuleParts,
): void {
  let states: ReturnType<typeof import("../modules/state/module.ts").createStateModules> | undefined;
  const stateModule = (name: string) => {
    const {
      createStateModules,
    }: typeof import("../modules/state/module.ts") = require("../modules/state/module.ts");
    states ??= createStateModules(state);
    return states.modules.find((module) => module.name === name);
  };

  const register = (name: string) => {
    if (name === "cmd") {
      vm.registerGlobals(allowed(createGlobals(modules)));
      return;
    }
    const module =
      name === "async"
        ? { name, functions: {} }
        : (createModule(name, modules) ??
          stateModule(name) ??
          plugins?.createModule(name, modules.current, modules.permits));
    if (module !== undefined) vm.register(allowed(module));
  };

  const complete = (name: string) => {
    const words = wordsOf(name, modules);
    if (words !== undefined) vm.installWords(words.source, words.functions);
    if (name === "async") spawning.install();
    if (name === "io") {
      const {
        createIoFunctions,
        IO_WAITS,
        IO_WORDS,
      }: typeof import("../lua/io.ts") = require("../lua/io.ts");
      vm.installWords(IO_WORDS, createIoFunctions(io), IO_WAITS);
    }
    if (states !== undefined && (name === "state" || name === "State")) {
      const {
        STATE_WORDS,
      }: typeof import("../modules/state/module.ts") = require("../modules/state/module.ts");
      vm.installWords(STATE_WORDS, allowed(states.words).functions, {}, states.words.name);
    }
  };

  vm.installWords(lazy, {
    names: () => [...MODULE_NAMES, "state", "State", "io", "async", ...(plugins?.names ?? [])].join(" "),
    full: () => (Object.keys(modules.values).length > 0 ? "values" : ""),
    register: (name) => void register(String(name)),
    complete: (name) => void complete(String(name)),
  });
}
