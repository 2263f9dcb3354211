import type { Heap } from "./heap.ts";
import { HOST_CHUNK } from "./traceback.ts";
import { type LuaApi, type LuaState, REGISTRY, Status } from "./wasm.ts";

/** Fields that a table of a shape has at most: Lua holds them all in registers. */
export const MOST_FIELDS = 50;
/** Keys that may stand between quotes in source text as they are, and that Lua keeps once however often they are used. */
const PLAIN_KEY = /^[\w .:/-]{1,40}$/;
/** Tables of a shape that are seen before it is worth compiling for. */
const SEEN_BEFORE = 16;
/** Shapes that are known at a time, and those of them that begin with the same key. */
const MOST_SHAPES = 256;
const MOST_ALIKE = 8;
const NONE = 0n;

/** Records with the same keys in the same order. */
interface Shape {
  readonly keys: readonly string[];
  seen: number;
  /** Registry reference of the function that makes such a table; 0 until it is worth it. */
  maker: bigint;
}

/**
 * Lua functions that make a table of known keys from its values, for those keys that come together again and again: then
 * the values alone cross, in place of two strings and a call for each field.
 */
export class Shapes {
  readonly #byFirstKey = new Map<string, Shape[]>();
  #known = 0;

  constructor(
    private readonly api: LuaApi,
    private readonly heap: Heap,
  ) {}

  /** Registry reference of the function that takes the values in the order of these keys; 0 when there is none. */
  makerOf(L: LuaState, keys: readonly string[]): bigint {
    const [first] = keys;
    if (first === undefined || keys.length > MOST_FIELDS) return NONE;
    const alike = this.#byFirstKey.get(first);
    if (alike !== undefined) {
      for (const shape of alike) if (hasKeys(shape, keys)) return this.#see(L, shape);
    }
    this.#add(L, first, { keys, seen: 0, maker: NONE });
    return NONE;
  }

  #see(L: LuaState, shape: Shape): bigint {
    if (shape.seen < SEEN_BEFORE && ++shape.seen === SEEN_BEFORE && shape.keys.every(isPlainKey)) {
      shape.maker = this.#compile(L, shape.keys);
    }
    return shape.maker;
  }

  #add(L: LuaState, first: string, shape: Shape): void {
    if (this.#known >= MOST_SHAPES) this.#forgetAll(L);
    const alike = this.#byFirstKey.get(first);
    if (alike === undefined) this.#byFirstKey.set(first, [shape]);
    else if (alike.length < MOST_ALIKE) alike.push(shape);
    else return;
    this.#known++;
  }

  #forgetAll(L: LuaState): void {
    for (const alike of this.#byFirstKey.values()) {
      for (const { maker } of alike) if (maker !== NONE) this.api.luaL_unref(L, REGISTRY, Number(maker));
    }
    this.#byFirstKey.clear();
    this.#known = 0;
  }

  #compile(L: LuaState, keys: readonly string[]): bigint {
    const names = keys.map((_, i) => `v${i}`).join();
    const fields = keys.map((key, i) => `["${key}"]=v${i}`).join();
    const source = `return function(${names}) return {${fields}} end`;
    return compileMaker(this.api, this.heap, L, source);
  }
}

/**
 * Registry reference of what a chunk of the host's own returns when it gets these references; 0 when Lua has no room for it.
 */
export function compileMaker(
  api: LuaApi,
  heap: Heap,
  L: LuaState,
  source: string,
  given: readonly bigint[] = [],
): bigint {
  if (api.lua_checkstack(L, 2 + given.length) === 0) return NONE;
  const status = heap.withCString("t", (mode) =>
    heap.withCString(HOST_CHUNK, (name) =>
      heap.withBytes(source, (text, length) => api.luaL_loadbufferx(L, text, length, name, mode)),
    ),
  );
  if (status !== Status.Ok) {
    api.lua_settop(L, -2);
    return NONE;
  }
  for (const reference of given) api.lua_rawgeti(L, REGISTRY, reference);
  api.lua_callk(L, given.length, 1, 0, 0);
  return BigInt(api.luaL_ref(L, REGISTRY));
}

function hasKeys(shape: Shape, keys: readonly string[]): boolean {
  const known = shape.keys;
  if (known.length !== keys.length) return false;
  for (let i = 0; i < keys.length; i++) if (known[i] !== keys[i]) return false;
  return true;
}

/** Whether a key may stand in source text as it is. */
export function isPlainKey(key: string): boolean {
  return PLAIN_KEY.test(key);
}
