import { readFileSync } from "node:fs";
import glueWasm from "wasmoon/dist/glue.wasm" with { type: "file" };

/** A `lua_State*`: the address of one coroutine (or of the main thread) in the VM's memory. */
export type LuaState = number;

/**
 * The part of Lua's C API that the bridge uses, as wasmoon's WebAssembly exports it. Pointers and sizes are
 * numbers, `lua_Integer` is a bigint. Names, arguments and stack effects are those of the Lua 5.4 manual, §4.6.
 */
export interface LuaApi {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  malloc(size: number): number;
  free(pointer: number): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  setThrew(threw: number, value: number): void;
  emscripten_stack_init(): void;
  __wasm_call_ctors(): void;
  /** All files when the stream is 0. */
  __errno_location(): number;
  fflush(stream: number): number;

  luaL_newstate(): LuaState;
  luaL_openlibs(L: LuaState): void;
  luaL_loadbufferx(L: LuaState, buffer: number, size: number, name: number, mode: number): number;
  luaL_ref(L: LuaState, table: number): number;
  luaL_unref(L: LuaState, table: number, ref: number): void;
  lua_newthread(L: LuaState): LuaState;
  lua_resetthread(L: LuaState): number;
  lua_gettop(L: LuaState): number;
  lua_settop(L: LuaState, index: number): void;
  lua_pushvalue(L: LuaState, index: number): void;
  lua_absindex(L: LuaState, index: number): number;
  lua_checkstack(L: LuaState, slots: number): number;
  lua_xmove(from: LuaState, to: LuaState, count: number): void;
  lua_type(L: LuaState, index: number): number;
  lua_isinteger(L: LuaState, index: number): number;
  lua_tonumberx(L: LuaState, index: number, isNumber: number): number;
  lua_tointegerx(L: LuaState, index: number, isNumber: number): bigint;
  lua_toboolean(L: LuaState, index: number): number;
  lua_tolstring(L: LuaState, index: number, length: number): number;
  lua_topointer(L: LuaState, index: number): number;
  lua_touserdata(L: LuaState, index: number): number;
  lua_rawequal(L: LuaState, a: number, b: number): number;
  lua_pushnil(L: LuaState): void;
  lua_pushnumber(L: LuaState, value: number): void;
  lua_pushinteger(L: LuaState, value: bigint): void;
  lua_pushlstring(L: LuaState, text: number, length: number): number;
  lua_pushboolean(L: LuaState, value: number): void;
  lua_pushlightuserdata(L: LuaState, pointer: number): void;
  lua_pushcclosure(L: LuaState, fn: number, upvalues: number): void;
  lua_createtable(L: LuaState, array: number, records: number): void;
  lua_next(L: LuaState, index: number): number;
  lua_rawget(L: LuaState, index: number): number;
  lua_rawgeti(L: LuaState, index: number, n: bigint): number;
  lua_rawset(L: LuaState, index: number): void;
  lua_rawseti(L: LuaState, index: number, n: bigint): void;
  lua_getglobal(L: LuaState, name: number): number;
  lua_setglobal(L: LuaState, name: number): void;
  lua_getmetatable(L: LuaState, index: number): number;
  lua_setmetatable(L: LuaState, index: number): number;
  lua_callk(L: LuaState, args: number, results: number, ctx: number, k: number): void;
  lua_pcallk(L: LuaState, args: number, results: number, handler: number, ctx: number, k: number): number;
  lua_yieldk(L: LuaState, results: number, ctx: number, k: number): number;
  lua_resume(L: LuaState, from: LuaState, args: number, results: number): number;
  lua_isyieldable(L: LuaState): number;
  lua_sethook(L: LuaState, hook: number, mask: number, count: number): void;
  lua_error(L: LuaState): number;
  lua_getstack(L: LuaState, level: number, debug: number): number;
  lua_getinfo(L: LuaState, what: number, debug: number): number;
}

/** The event of `lua_sethook` that comes after every so many instructions. */
export const MASK_COUNT = 8;

/** `lua_resume` and `lua_pcallk` results. */
export const Status = { Ok: 0, Yield: 1, RunError: 2, SyntaxError: 3, MemoryError: 4 } as const;

/** `lua_type` results. */
export const Type = {
  Nil: 0,
  Boolean: 1,
  LightUserdata: 2,
  Number: 3,
  String: 4,
  Table: 5,
  Function: 6,
  Userdata: 7,
  Thread: 8,
} as const;

export const REGISTRY = -1_001_000;

/** The pseudo-index of a C closure's n-th upvalue. */
export const upvalue = (n: number): number => REGISTRY - n;

/**
 * What travels through JavaScript frames while Lua unwinds (`longjmp`): a raised error or a yield on its way to
 * the frame that catches it. Whoever catches it must throw it on.
 */
export const LONGJMP = Number.POSITIVE_INFINITY;

const WASM_PAGE = 65_536;
const ENOSYS = -52;

/** Compiles the VM, off the main thread: start it early, and open what else is needed meanwhile. */
export function compileLua(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(readFileSync(glueWasm));
}

/**
 * A fresh Lua: the WebAssembly of wasmoon without wasmoon's own JavaScript. Its glue starts slower than the VM
 * and lends Lua an invented environment, file system and clock; here every system call fails but those that `system`
 * gives, and the modules of the host take their place.
 *
 * @param system system calls by the names under which the WebAssembly imports them.
 * @param memoryLimit bytes that the VM may grow to; beyond it allocation fails and Lua raises "not enough memory".
 * @param onGrowth called whenever the memory has grown, which detaches every view of it.
 */
export async function instantiateLua(
  compiled: WebAssembly.Module,
  memoryLimit: number,
  onGrowth: () => void,
  system: Readonly<Record<string, (...args: never[]) => number>> = {},
): Promise<LuaApi> {
  let api: LuaApi;
  const unavailable = () => ENOSYS;
  const env = {
    abort: () => {
      throw new Error("the Lua VM stopped: out of memory outside a protected call");
    },
    // C's setjmp/longjmp as emscripten lowers it: run, and on a longjmp restore the stack and flag it.
    invoke_vii: (fn: number, a: number, b: number) => {
      const stack = api.stackSave();
      try {
        (api.__indirect_function_table.get(fn) as (a: number, b: number) => void)(a, b);
      } catch (thrown) {
        api.stackRestore(stack);
        if (thrown !== LONGJMP) throw thrown;
        api.setThrew(1, 0);
      }
    },
    _emscripten_throw_longjmp: () => {
      throw LONGJMP;
    },
    emscripten_resize_heap: (request: number) => {
      // A size_t arrives as a signed number.
      const wanted = request >>> 0;
      const size = api.memory.buffer.byteLength;
      if (wanted > memoryLimit) return 0;
      const target = Math.min(Math.max(wanted, size * 1.5), memoryLimit);
      try {
        api.memory.grow(Math.ceil((target - size) / WASM_PAGE));
        onGrowth();
        return 1;
      } catch {
        return 0;
      }
    },
    emscripten_date_now: () => Date.now(),
    _emscripten_get_now_is_monotonic: () => 1,
    exit: unavailable,
    strftime: () => 0,
    system: () => -1,
    __syscall_openat: unavailable,
    __syscall_fcntl64: unavailable,
    __syscall_ioctl: unavailable,
    __syscall_dup3: unavailable,
    __syscall_unlinkat: unavailable,
    __syscall_rmdir: unavailable,
    __syscall_renameat: unavailable,
    __syscall_readlinkat: unavailable,
    _mktime_js: unavailable,
    _localtime_js: unavailable,
    _gmtime_js: unavailable,
    _tzset_js: unavailable,
  };
  const wasi = {
    fd_write: unavailable,
    fd_read: unavailable,
    fd_close: unavailable,
    fd_seek: unavailable,
    environ_get: () => 0,
    environ_sizes_get: (count: number, size: number) => {
      const words = new Int32Array(api.memory.buffer);
      words[count >> 2] = 0;
      words[size >> 2] = 0;
      return 0;
    },
  };
  const instance = await WebAssembly.instantiate(compiled, {
    env: { ...env, ...system },
    wasi_snapshot_preview1: { ...wasi, ...system },
  });
  // The interface above is what this file's wasm exports; WebAssembly itself has no types for exports.
  api = instance.exports as unknown as LuaApi;
  api.emscripten_stack_init();
  api.__wasm_call_ctors();
  return api;
}

/** Host code that C can call through a function pointer. */
export interface Callbacks {
  /** A `lua_CFunction`. */
  call(L: LuaState): number;
  /** A `lua_KFunction`: goes on after a yield. */
  resume(L: LuaState, status: number, ctx: number): number;
  /** A `lua_Hook`. */
  hook(L: LuaState): void;
}

/**
 * Function pointers for the callbacks. WebAssembly tables take only WebAssembly functions, so a module of a few bytes
 * imports the callbacks and exports them again: `(import "h" "c" (func (param i32) (result i32)))`,
 * `(import "h" "r" (func (param i32 i32 i32) (result i32)))` and `(import "h" "k" (func (param i32 i32)))`.
 */
export function installCallbacks(
  api: LuaApi,
  callbacks: Callbacks,
): { call: number; resume: number; hook: number } {
  const bytes = new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x12, 0x03, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x01, 0x7f],
    ...[0x60, 0x02, 0x7f, 0x7f, 0x00],
    ...[0x02, 0x13, 0x03, 0x01, 0x68, 0x01, 0x63, 0x00, 0x00, 0x01, 0x68, 0x01, 0x72, 0x00, 0x01],
    ...[0x01, 0x68, 0x01, 0x6b, 0x00, 0x02],
    ...[0x07, 0x0d, 0x03, 0x01, 0x63, 0x00, 0x00, 0x01, 0x72, 0x00, 0x01, 0x01, 0x6b, 0x00, 0x02],
  ]);
  const imports = {
    h: {
      c: (L: LuaState) => callbacks.call(L),
      r: (L: LuaState, status: number, ctx: number) => callbacks.resume(L, status, ctx),
      k: (L: LuaState) => callbacks.hook(L),
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  const table = api.__indirect_function_table;
  const base = table.grow(3);
  table.set(base, exports.c);
  table.set(base + 1, exports.r);
  table.set(base + 2, exports.k);
  return { call: base, resume: base + 1, hook: base + 2 };
}
