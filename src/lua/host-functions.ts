import type { HostFunction, LuaModule } from "../modules/module.ts";
import type { Core } from "./core.ts";
import type { LuaState } from "./wasm.ts";

/** A function of the host that scripts can call. */
interface Callable {
  /** How messages call it. */
  readonly name: string;
  readonly run: HostFunction;
  /** Whether it always waits. */
  readonly waits: boolean;
}

/** The functions of the host that scripts see, by the numbers that their Lua closures carry. */
export class HostFunctions {
  private readonly all: Callable[] = [];

  /** `callback`: the function pointer that all of the closures call. */
  constructor(
    private readonly core: Core,
    private readonly callback: number,
  ) {}

  at(number: number): Callable | undefined {
    return this.all[number];
  }

  push(L: LuaState, name: string, run: HostFunction, waits: boolean): void {
    const { api } = this.core;
    api.lua_pushnumber(L, this.all.push({ name, run, waits }) - 1);
    api.lua_pushcclosure(L, this.callback, 1);
  }

  /** Pushes a table of the functions and fields of a module. */
  pushModule(L: LuaState, module: LuaModule): void {
    const { api, marshaller } = this.core;
    const functions = Object.entries(module.functions);
    api.lua_createtable(L, 0, functions.length);
    const { waits = {} } = module;
    for (const [name, run] of functions) {
      marshaller.pushString(L, name);
      this.push(L, waits[name] ?? `${module.name}.${name}`, run, Object.hasOwn(waits, name));
      api.lua_rawset(L, -3);
    }
    for (const [name, value] of Object.entries(module.fields ?? {})) {
      marshaller.pushString(L, name);
      marshaller.push(L, value);
      api.lua_rawset(L, -3);
    }
  }
}
