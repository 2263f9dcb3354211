import { type HostResult, Results, SameArgument } from "../modules/module.ts";
import type { Core } from "./core.ts";
import type { LuaState } from "./wasm.ts";

/** Pushes a host function's result; returns how many values it is. */
export function pushResult({ api, marshaller }: Core, L: LuaState, result: HostResult): number {
  if (result instanceof SameArgument) {
    if (api.lua_gettop(L) >= result.index) api.lua_pushvalue(L, result.index);
    else api.lua_pushnil(L);
    return 1;
  }
  if (!(result instanceof Results)) {
    marshaller.push(L, result);
    return 1;
  }
  api.lua_checkstack(L, result.values.length);
  for (const value of result.values) marshaller.push(L, value);
  return result.values.length;
}
