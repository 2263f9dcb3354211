import { ASYNC_WORDS, type Spawning } from "../lua/async.ts";
import type { IoHost } from "../lua/io.ts";
import lazy from "../lua/lazy.lua" with { type: "text" };
import type { LuaVm } from "../lua/vm.ts";
import { createGlobals, createModule, MODULE_NAMES, type ModulesHost, wordsOf } from "../modules/all.ts";
import type { LuaModule } from "../modules/module.ts";
import type { StateHost } from "../modules/state.ts";

/** What the modules of a run work with. */
export interface ModuleParts {
  readonly modules: ModulesHost;
  readonly state: StateHost;
  readonly io: IoHost;
  readonly spawning: Spawning;
  /** The module as scripts may have it. */
  readonly allowed: (module: LuaModule) => LuaModule;
}

/** Makes all modules known to scripts; each is made when a script first touches it (lazy.lua). */
export function installModules(vm: LuaVm, { modules, state, io, spawning, allowed }: ModuleParts): void {
  let states: ReturnType<typeof import("../modules/state.ts").createStateModules> | undefined;
  const stateModule = (name: string) => {
    const { createStateModules }: typeof import("../modules/state.ts") = require("../modules/state.ts");
    states ??= createStateModules(state);
    return states.modules.find((module) => module.name === name);
  };

  const register = (name: string) => {
    if (name === "cmd") {
      vm.registerGlobals(allowed(createGlobals(modules)).functions);
      return;
    }
    const module =
      name === "async" ? { name, functions: {} } : (createModule(name, modules) ?? stateModule(name));
    if (module !== undefined) vm.register(allowed(module));
  };

  const complete = (name: string) => {
    const words = wordsOf(name);
    if (words !== undefined) vm.installWords(words, {});
    if (name === "async") vm.installWords(ASYNC_WORDS, spawning.functions);
    if (name === "io") {
      const { createIoFunctions, IO_WORDS }: typeof import("../lua/io.ts") = require("../lua/io.ts");
      vm.installWords(IO_WORDS, createIoFunctions(io));
    }
    if (states !== undefined && (name === "state" || name === "State")) {
      const { STATE_WORDS }: typeof import("../modules/state.ts") = require("../modules/state.ts");
      vm.installWords(STATE_WORDS, {
        ...allowed({ name: "state", functions: states.words }).functions,
        ...states.reads,
      });
    }
  };

  vm.installWords(lazy, {
    names: () => [...MODULE_NAMES, "state", "State", "io", "async"].join(" "),
    register: (name) => void register(String(name)),
    complete: (name) => void complete(String(name)),
  });
}
