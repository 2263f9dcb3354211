import { bindModule } from "./bind.ts";
import type { ModuleDef } from "./define.ts";
import type { FileHost } from "./file/module.ts";
import type { HttpHost } from "./http/module.ts";
import type { LogRecord } from "./log.ts";
import type { LuaModule, LuaRecord } from "./module.ts";
import type { OsHost } from "./os.ts";
import { raise } from "./raise.ts";

/** What the modules get from a run. */
export interface ModulesHost extends OsHost, FileHost, HttpHost {
  readonly values: LuaRecord;
  readonly log: (record: LogRecord) => void;
}

/** Makes the definition of each module; its file is loaded only then, so that a script pays for what it uses. */
const MODULES = {
  log: (host) => from<typeof import("./log.ts")>(require("./log.ts")).createLogModule(host.log, host.secrets),
  exec: (host) => from<typeof import("./exec.ts")>(require("./exec.ts")).createExecModule(host),
  fs: (host) => from<typeof import("./fs.ts")>(require("./fs.ts")).createFsModule(host),
  file: (host) => from<typeof import("./file/module.ts")>(require("./file/module.ts")).createFileModule(host),
  data: () => from<typeof import("./data/modules.ts")>(require("./data/modules.ts")).dataModule,
  json: () => from<typeof import("./data/modules.ts")>(require("./data/modules.ts")).jsonModule,
  yaml: () => from<typeof import("./data/modules.ts")>(require("./data/modules.ts")).yamlModule,
  toml: () => from<typeof import("./data/modules.ts")>(require("./data/modules.ts")).tomlModule,
  crypto: () => from<typeof import("./crypto.ts")>(require("./crypto.ts")).cryptoModule,
  template: (host) =>
    from<typeof import("./template/module.ts")>(require("./template/module.ts")).createTemplateModule(host),
  http: (host) => from<typeof import("./http/module.ts")>(require("./http/module.ts")).createHttpModule(host),
  time: (host) => from<typeof import("./time.ts")>(require("./time.ts")).createTimeModule(host),
  env: (host) => from<typeof import("./env.ts")>(require("./env.ts")).createEnvModule(host),
  values: (host) =>
    from<typeof import("./values.ts")>(require("./values.ts")).createValuesModule(host.values),
  params: () => from<typeof import("./params.ts")>(require("./params.ts")).paramsModule,
  os: (host) => from<typeof import("./os.ts")>(require("./os.ts")).createOsModule(host),
} satisfies Record<string, (host: ModulesHost) => ModuleDef>;

/** Gives what `require` loaded its type. */
function from<M>(module: M): M {
  return module;
}

/** The names of all modules but those that are bound where they get their stores. */
export const MODULE_NAMES: readonly string[] = Object.keys(MODULES);

/** The definitions of these modules. */
export function defineModules(host: ModulesHost): ModuleDef[] {
  return Object.values(MODULES).map((make) => make(host));
}

/** Functions that are globals by themselves, as a module without a name. */
export function defineGlobals(host: ModulesHost): ModuleDef {
  const { createCmd } = from<typeof import("./cmd.ts")>(require("./cmd.ts"));
  return { name: "", description: "Global functions.", functions: { cmd: createCmd(host) } };
}

/** One of these modules as the VM takes it; undefined when none has the name. */
export function createModule(name: string, host: ModulesHost): LuaModule | undefined {
  const make = Object.hasOwn(MODULES, name) ? MODULES[name as keyof typeof MODULES] : undefined;
  return make && bindModule(make(host), host.permits);
}

/** The global functions as the VM takes them. */
export function createGlobals(host: ModulesHost): LuaModule {
  return bindModule(defineGlobals(host), host.permits);
}

/** Lua that completes a module once it is registered, and the functions that it gets for that. */
export function wordsOf(name: string, host: ModulesHost): Words | undefined {
  if (name === "data") {
    const { DATA_WORDS } = from<typeof import("./data/modules.ts")>(require("./data/modules.ts"));
    return { source: DATA_WORDS, functions: { raise } };
  }
  if (name === "log") {
    const { LOG_WORDS } = from<typeof import("./log.ts")>(require("./log.ts"));
    return { source: LOG_WORDS, functions: {} };
  }
  if (name === "os") {
    const { OS_WORDS } = from<typeof import("./os.ts")>(require("./os.ts"));
    return { source: OS_WORDS, functions: {} };
  }
  if (name !== "params") return undefined;
  const { PARAMS_WORDS, createParamsFunctions } = from<typeof import("./params.ts")>(require("./params.ts"));
  return { source: PARAMS_WORDS, functions: createParamsFunctions(host) };
}

/** A module's own Lua. */
export interface Words {
  readonly source: string;
  readonly functions: LuaModule["functions"];
}
