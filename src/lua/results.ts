import { Constant } from "../lib/value.ts";
import { type HostFunction, type HostResult, Results, SameArgument, SourceText } from "../modules/module.ts";
import type { Core } from "./core.ts";
import { type LuaState, Status } from "./wasm.ts";

/**
 * What the prelude makes Lua's `load` of. The library's own would take a compiled chunk, which can corrupt the VM's
 * memory: no function that a script could get hold of may be able to.
 */
export const LOADING: Readonly<Record<string, HostFunction>> = {
  compile: (source, name) => {
    const text = source instanceof Uint8Array ? source : String(source);
    return new SourceText(text, name instanceof Uint8Array ? fromLatin(name) : String(name));
  },
};

/** Pushes a host function's result; returns how many values it is. */
export function pushResult(core: Core, L: LuaState, result: HostResult): number {
  const { api, marshaller } = core;
  if (result instanceof SameArgument) {
    if (api.lua_gettop(L) >= result.index) api.lua_pushvalue(L, result.index);
    else api.lua_pushnil(L);
    return 1;
  }
  if (result instanceof Constant) {
    marshaller.pushConstant(L, result);
    return 1;
  }
  if (result instanceof SourceText) return pushCompiled(core, L, result);
  if (!(result instanceof Results)) {
    marshaller.push(L, result);
    return 1;
  }
  api.lua_checkstack(L, result.values.length);
  for (const value of result.values) marshaller.push(L, value);
  return result.values.length;
}

function pushCompiled({ api, heap }: Core, L: LuaState, { source, name }: SourceText): number {
  const status = heap.withCString("t", (mode) =>
    heap.withCString(name, (chunkName) =>
      heap.withBytes(source, (pointer, length) => api.luaL_loadbufferx(L, pointer, length, chunkName, mode)),
    ),
  );
  if (status === Status.Ok) return 1;
  api.lua_pushnil(L);
  api.lua_pushvalue(L, -2);
  return 2;
}

/** A name that is not UTF-8, as messages can show it. */
function fromLatin(name: Uint8Array): string {
  return Buffer.from(name).toString("latin1");
}
