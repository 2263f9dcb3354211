import { type Constant, createRecord, Float, fromInteger, isFloat, MAX_DEPTH, Opaque } from "../lib/value.ts";
import { LuaFunction, type LuaMap, type LuaRecord, type LuaValue, Unsupported } from "../modules/module.ts";
import { type Heap, OutOfMemory } from "./heap.ts";
import { Prototypes } from "./prototypes.ts";
import { Shapes } from "./shapes.ts";
import { type LuaApi, type LuaState, REGISTRY, Type } from "./wasm.ts";

/**
 * What one value may hold, so that a table which shares its parts (whose copy is exponentially larger) cannot exhaust
 * the host's memory. A table costs as much as several plain values.
 */
const MOST_PARTS = 1 << 24;
const TABLE_PARTS = 8;

/** What the marshaller cannot do by itself: references that outlive a call. */
export interface References {
  /** Anchors the function at `index` and returns its handle. */
  capture(L: LuaState, index: number): LuaFunction;
  /** Pushes a function captured earlier. */
  release(L: LuaState, fn: LuaFunction): void;
  /** Registry reference of the metatable that marks lists, so that an empty one stays a list. */
  readonly listMetatable: number;
  /** Registry reference of Lua's own `setmetatable`. */
  readonly setMetatable: number;
}

/**
 * Moves values between Lua and the host without loss (the table in lib/value.ts). Reads tables raw: metamethods
 * never run, so that reading a value cannot run a script's code.
 */
export class Marshaller {
  /** Tables on the way down to the one being read, to notice a cycle. */
  private readonly path: number[] = [];
  /** What the value being read may still cost. */
  private budget = 0;
  private readonly shapes: Shapes;
  private readonly prototypes: Prototypes;
  private readonly listMetatable: bigint;

  constructor(
    private readonly api: LuaApi,
    private readonly heap: Heap,
    private readonly references: References,
  ) {
    this.shapes = new Shapes(api, heap);
    this.listMetatable = BigInt(references.listMetatable);
    this.prototypes = new Prototypes(api, heap, {
      push: (L, value) => this.push(L, value),
      listMetatable: this.listMetatable,
      setMetatable: BigInt(references.setMetatable),
    });
  }

  /** The value at `index`; the stack stays as it was. */
  read(L: LuaState, index: number): LuaValue {
    const { api } = this;
    switch (api.lua_type(L, index)) {
      case Type.String: {
        const pointer = api.lua_tolstring(L, index, this.heap.out);
        return this.heap.readString(pointer, this.heap.readWord(this.heap.out));
      }
      case Type.Number:
        return this.readNumber(L, index);
      case Type.Boolean:
        return api.lua_toboolean(L, index) === 1;
      case Type.Table:
        return this.readTable(L, api.lua_absindex(L, index));
      case Type.Function:
        return this.references.capture(L, index);
      case Type.LightUserdata:
        return api.lua_touserdata(L, index) === 0 ? null : new Unsupported("a userdata");
      case Type.Userdata:
        return new Unsupported("a userdata");
      case Type.Thread:
        return new Unsupported("a coroutine");
      default:
        return undefined;
    }
  }

  private readNumber(L: LuaState, index: number): number | bigint | Float {
    const number = this.api.lua_tonumberx(L, index, 0);
    if (this.api.lua_isinteger(L, index) === 0)
      return Number.isSafeInteger(number) ? new Float(number) : number;
    return Number.isSafeInteger(number) ? number : fromInteger(this.api.lua_tointegerx(L, index, 0));
  }

  private readTable(L: LuaState, index: number): LuaValue {
    const { api, path } = this;
    const pointer = api.lua_topointer(L, index);
    if (path.includes(pointer)) return new Unsupported("a cycle");
    if (path.length >= MAX_DEPTH) return new Unsupported(`nested more than ${MAX_DEPTH} levels deep`);
    if (api.lua_checkstack(L, 4) === 0) return new Unsupported("nested too deep for Lua's stack");
    if (path.length === 0) this.budget = MOST_PARTS;
    path.push(pointer);
    try {
      return this.readEntries(L, index);
    } finally {
      path.pop();
    }
  }

  /** Reads as a list or a record as long as the keys allow it, and falls back to a map. */
  private readEntries(L: LuaState, index: number): LuaValue {
    const { api } = this;
    let list: LuaValue[] | undefined;
    let record: LuaRecord | undefined;
    let map: LuaMap | undefined;
    api.lua_pushnil(L);
    while (api.lua_next(L, index) !== 0) {
      const key = this.read(L, -2);
      const value = this.read(L, -1);
      api.lua_settop(L, -2);
      this.budget -= typeof value === "object" ? TABLE_PARTS : 1;
      if (this.budget < 0) {
        api.lua_settop(L, -2);
        return new Unsupported("too large: a table that it holds many times counts each time");
      }
      if (map === undefined) {
        if (record === undefined && key === (list?.length ?? 0) + 1) {
          list ??= [];
          list.push(value);
          continue;
        }
        if (list === undefined && typeof key === "string") {
          record ??= createRecord() as LuaRecord;
          record[key] = value;
          continue;
        }
        map = new Map<LuaValue, LuaValue>(
          list?.map((item, i) => [i + 1, item]) ?? Object.entries(record ?? {}),
        );
      }
      map.set(key, value);
    }
    if (map !== undefined) return sequenceOf(map) ?? map;
    return list ?? record ?? (this.isMarkedList(L, index) ? [] : createRecord());
  }

  private isMarkedList(L: LuaState, index: number): boolean {
    const { api } = this;
    if (api.lua_getmetatable(L, index) === 0) return false;
    api.lua_rawgeti(L, REGISTRY, this.listMetatable);
    const marked = api.lua_rawequal(L, -1, -2) === 1;
    api.lua_settop(L, -3);
    return marked;
  }

  /** Pushes a value; raises as Lua does when its memory is exhausted. */
  push(L: LuaState, value: LuaValue): void {
    const { api } = this;
    switch (typeof value) {
      case "string":
        this.pushString(L, value);
        return;
      case "number":
        if (isFloat(value)) api.lua_pushnumber(L, value);
        else api.lua_pushinteger(L, BigInt(value));
        return;
      case "bigint":
        api.lua_pushinteger(L, BigInt.asIntN(64, value));
        return;
      case "boolean":
        api.lua_pushboolean(L, value ? 1 : 0);
        return;
      case "undefined":
        api.lua_pushnil(L);
        return;
      default:
        this.pushObject(L, value);
    }
  }

  /** Pushes a value that Lua gets as its own, however often it is pushed. */
  pushConstant(L: LuaState, constant: Constant): void {
    this.prototypes.push(L, constant);
  }

  pushString(L: LuaState, content: string | Uint8Array): void {
    const staged = typeof content === "string" ? this.heap.stageShort(content) : 0;
    if (staged !== 0) {
      this.api.lua_pushlstring(L, staged, content.length);
      return;
    }
    this.heap.withBytes(content, (pointer, length) => this.api.lua_pushlstring(L, pointer, length));
  }

  private pushObject(
    L: LuaState,
    value: Exclude<LuaValue, undefined | string | number | bigint | boolean>,
  ): void {
    const { api } = this;
    if (value === null) api.lua_pushlightuserdata(L, 0);
    else if (value instanceof Float) api.lua_pushnumber(L, value.value);
    else if (value instanceof Uint8Array) this.pushString(L, value);
    else if (value instanceof LuaFunction) this.references.release(L, value);
    else if (value instanceof Opaque) throw new TypeError(`${value.what} cannot be handed back to Lua`);
    else this.pushTable(L, value);
  }

  private pushTable(L: LuaState, value: LuaValue[] | LuaMap | LuaRecord): void {
    const { api } = this;
    if (api.lua_checkstack(L, 6) === 0) throw new OutOfMemory();
    if (Array.isArray(value)) this.pushList(L, value);
    else if (value instanceof Map) this.pushMap(L, value);
    else this.pushRecord(L, value);
  }

  private pushRecord(L: LuaState, record: LuaRecord): void {
    const { api } = this;
    const keys = Object.keys(record);
    const maker = this.shapes.makerOf(L, keys);
    if (maker !== 0n) {
      if (api.lua_checkstack(L, keys.length + 6) === 0) throw new OutOfMemory();
      api.lua_rawgeti(L, REGISTRY, maker);
      for (const key of keys) this.push(L, record[key]);
      api.lua_callk(L, keys.length, 1, 0, 0);
      return;
    }
    api.lua_createtable(L, 0, keys.length);
    for (const key of keys) {
      this.pushString(L, key);
      this.push(L, record[key]);
      api.lua_rawset(L, -3);
    }
  }

  private pushMap(L: LuaState, map: LuaMap): void {
    const { api } = this;
    api.lua_createtable(L, 0, map.size);
    for (const [key, item] of map) {
      this.push(L, key);
      this.push(L, item);
      api.lua_rawset(L, -3);
    }
  }

  private pushList(L: LuaState, list: readonly LuaValue[]): void {
    const { api } = this;
    api.lua_createtable(L, list.length, 0);
    for (let i = 0; i < list.length; i++) {
      this.push(L, list[i]);
      api.lua_rawseti(L, -2, BigInt(i + 1));
    }
    api.lua_rawgeti(L, REGISTRY, this.listMetatable);
    api.lua_setmetatable(L, -2);
  }
}

/** A table filled out of order is a list all the same when its keys are exactly 1…n. */
function sequenceOf(map: LuaMap): LuaValue[] | undefined {
  const list: LuaValue[] = [];
  for (let i = 1; i <= map.size; i++) {
    const item = map.get(i);
    if (item === undefined) return undefined;
    list.push(item);
  }
  return list;
}
