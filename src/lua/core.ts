import type { Files } from "./files.ts";
import type { Heap } from "./heap.ts";
import type { Marshaller } from "./marshal.ts";
import type { Tracer } from "./traceback.ts";
import { type LuaApi, type LuaState, REGISTRY } from "./wasm.ts";

/** What the parts of one VM share. */
export interface Core {
  readonly api: LuaApi;
  readonly heap: Heap;
  readonly marshaller: Marshaller;
  readonly tracer: Tracer;
  readonly files: Files | undefined;
  /** The main thread: no script runs on it; it serves as a scratch stack. */
  readonly main: LuaState;
  /** Registry reference of the metatable of the host's errors; the prelude fills it. */
  readonly errorMetatable: number;
}

/** Creates an empty table in the registry, for a metatable; returns its reference. */
export function createRegistryTable(api: LuaApi, L: LuaState): number {
  api.lua_createtable(L, 0, 4);
  return api.luaL_ref(L, REGISTRY);
}

/** Registry reference of what a global holds now, whatever scripts make of it later. */
export function referGlobal(api: LuaApi, heap: Heap, L: LuaState, name: string): number {
  heap.withCString(name, (pointer) => api.lua_getglobal(L, pointer));
  return api.luaL_ref(L, REGISTRY);
}

/** Pushes what a registry reference stands for. */
export function pushReference(api: LuaApi, L: LuaState, reference: number): void {
  api.lua_rawgeti(L, REGISTRY, BigInt(reference));
}
