import { type Constant, Float } from "../lib/value.ts";
import type { LuaRecord, LuaValue } from "../modules/module.ts";
import type { Heap } from "./heap.ts";
import { compileMaker, isPlainKey, MOST_FIELDS } from "./shapes.ts";
import { type LuaApi, type LuaState, REGISTRY } from "./wasm.ts";

/** How often a constant is given before it is worth a function of its own. */
const GIVEN_BEFORE = 4;
/** Constants, and kinds of tables, that are known at a time. */
const MOST_KNOWN = 256;
const DEEPEST = 8;
const NONE = 0n;

interface Known {
  given: number;
  /** Registry reference of the function that makes a copy; 0 until it is worth it. */
  maker: bigint;
}

type Table = LuaRecord | readonly LuaValue[];

/** What a prototype needs of the marshaller. */
export interface PrototypeHost {
  readonly push: (L: LuaState, value: LuaValue) => void;
  /** Registry references of the metatable that marks lists, and of Lua's own `setmetatable`. */
  readonly listMetatable: bigint;
  readonly setMetatable: bigint;
}

/**
 * Lua functions that make one table, for constants that Lua is given again and again: what is in it has crossed once, and
 * each call gives a table of its own.
 */
export class Prototypes {
  readonly #constants = new Map<Constant, Known>();
  /** Makers of makers, by what they take. */
  readonly #kinds = new Map<string, bigint>();

  constructor(
    private readonly api: LuaApi,
    private readonly heap: Heap,
    private readonly host: PrototypeHost,
  ) {}

  /** Pushes a copy of the constant. */
  push(L: LuaState, constant: Constant): void {
    const { api } = this;
    const maker = this.#makerOf(L, constant);
    if (maker === NONE) {
      this.host.push(L, constant.value);
      return;
    }
    api.lua_rawgeti(L, REGISTRY, maker);
    api.lua_callk(L, 0, 1, 0, 0);
  }

  #makerOf(L: LuaState, constant: Constant): bigint {
    const known = this.#constants.get(constant);
    if (known === undefined) {
      if (this.#constants.size >= MOST_KNOWN) {
        this.#release(L, [...this.#constants.values()].map(makerOfKnown));
        this.#constants.clear();
      }
      this.#constants.set(constant, { given: 1, maker: NONE });
      return NONE;
    }
    if (known.given < GIVEN_BEFORE && ++known.given === GIVEN_BEFORE && isSuited(constant.value, 1)) {
      if (this.#pushMaker(L, constant.value)) known.maker = BigInt(this.api.luaL_ref(L, REGISTRY));
    }
    return known.maker;
  }

  /** Pushes the function that makes copies of a table; false, and nothing is pushed, when Lua has no room for it. */
  #pushMaker(L: LuaState, table: Table): boolean {
    const { api, host } = this;
    const items: readonly LuaValue[] = Array.isArray(table) ? table : Object.values(table);
    if (api.lua_checkstack(L, items.length + 6) === 0) return false;
    const kind = this.#kindOf(L, table, items);
    if (kind === NONE) return false;
    const top = api.lua_gettop(L);
    api.lua_rawgeti(L, REGISTRY, kind);
    for (const item of items) {
      if (!isTable(item)) host.push(L, item);
      else if (!this.#pushMaker(L, item)) {
        api.lua_settop(L, top);
        return false;
      }
    }
    api.lua_callk(L, items.length, 1, 0, 0);
    return true;
  }

  /** Registry reference of the function that takes the items, makers in place of tables, and gives a maker. */
  #kindOf(L: LuaState, table: Table, items: readonly LuaValue[]): bigint {
    const isList = Array.isArray(table);
    const names = items.map((_, i) => `v${i}`).join();
    const copies = items.map((item, i) => (isTable(item) ? `(v${i}())` : `v${i}`));
    const keys = Object.keys(table);
    const made = isList ? `s({${copies}},m)` : `{${copies.map((copy, i) => `["${keys[i]}"]=${copy}`)}}`;
    const source = `local s,m=... return function(${names}) return function() return ${made} end end`;
    const known = this.#kinds.get(source);
    if (known !== undefined) return known;
    if (this.#kinds.size >= MOST_KNOWN) {
      this.#release(L, [...this.#kinds.values()]);
      this.#kinds.clear();
    }
    const { setMetatable, listMetatable } = this.host;
    const kind = compileMaker(this.api, this.heap, L, source, [setMetatable, listMetatable]);
    if (kind !== NONE) this.#kinds.set(source, kind);
    return kind;
  }

  #release(L: LuaState, references: readonly bigint[]): void {
    for (const reference of references) {
      if (reference !== NONE) this.api.luaL_unref(L, REGISTRY, Number(reference));
    }
  }
}

function makerOfKnown({ maker }: Known): bigint {
  return maker;
}

/** Whether an item is made anew in each copy; of all else, Lua has nothing that could be changed. */
function isTable(item: unknown): item is Table {
  return typeof item === "object" && !(item instanceof Float || item instanceof Uint8Array);
}

/** Whether Lua can hold all of its fields at once, and source text name them. */
function isSuited(table: unknown, depth: number): table is Table {
  if (!isTable(table) || table === null || table instanceof Map || depth > DEEPEST) return false;
  const keys = Object.keys(table);
  if (keys.length > MOST_FIELDS || !(Array.isArray(table) || keys.every(isPlainKey))) return false;
  return Object.values(table).every((item) => !isTable(item) || isSuited(item, depth + 1));
}
