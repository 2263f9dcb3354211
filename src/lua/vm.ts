import { Halt, type LuaFunction, type LuaModule, type LuaValue } from "../modules/module.ts";
import { CapturedFunction } from "./captured.ts";
import { type Core, createRegistryTable, pushReference, referGlobal } from "./core.ts";
import type { Limit } from "./coroutine.ts";
import { Coroutines } from "./coroutines.ts";
import type { Frame } from "./errors.ts";
import { Failures } from "./failures.ts";
import type { Files } from "./files.ts";
import handling from "./handling.lua" with { type: "text" };
import { Heap } from "./heap.ts";
import { HostFunctions } from "./host-functions.ts";
import { Marshaller } from "./marshal.ts";
import prelude from "./prelude.lua" with { type: "text" };
import { LOADING, pushResult } from "./results.ts";
import { type Definition, HOST_CHUNK, Tracer } from "./traceback.ts";
import {
  installCallbacks,
  instantiateLua,
  LONGJMP,
  type LuaApi,
  type LuaState,
  REGISTRY,
  Status,
  upvalue,
} from "./wasm.ts";

export interface VmOptions {
  /** What `compileLua` gave. */
  readonly compiled: WebAssembly.Module;
  /** Bytes that Lua may use. */
  readonly memoryLimit: number;
  /** What the prelude needs: functions that scripts do not see as such. */
  readonly host: LuaModule;
  /** The files of Lua's `io`; without them there is no `io`. */
  readonly files?: Files;
}

/** One Lua VM: loads chunks, runs functions, shows modules of the host to scripts. */
export class LuaVm {
  private readonly core: Core;
  private readonly failures: Failures;
  private readonly coroutines: Coroutines;
  private readonly callbacks: { call: number; resume: number; hook: number };
  private readonly textMode: number;
  private readonly functions: HostFunctions;
  private readonly captured: FinalizationRegistry<number>;
  /** Who called into the host last. */
  private calling: LuaState = 0;
  /** Called before a script does anything outside of the VM. When it throws `Halt`, that is not done, nor what follows. */
  beforeEffect: (() => void) | undefined;

  private constructor(api: LuaApi, heap: Heap, { host, files, memoryLimit }: VmOptions) {
    const main = api.luaL_newstate();
    api.luaL_openlibs(main);
    const listMetatable = createRegistryTable(api, main);
    const marshaller = new Marshaller(api, heap, {
      capture: (L, index) => this.capture(L, index),
      release: (L, fn) => this.pushFunction(L, fn),
      listMetatable,
      setMetatable: referGlobal(api, heap, main, "setmetatable"),
    });
    const tracer = new Tracer(api, heap);
    const errorMetatable = createRegistryTable(api, main);
    this.core = { api, heap, marshaller, tracer, main, files, errorMetatable };
    this.failures = new Failures(this.core, memoryLimit);
    this.coroutines = new Coroutines(this.core, this.failures);
    this.callbacks = installCallbacks(api, {
      call: (L) => this.dispatch(L),
      resume: (L, _status, ctx) => this.coroutines.afterWait(L, ctx),
      hook: (L) => this.coroutines.check(L),
    });
    this.functions = new HostFunctions(this.core, this.callbacks.call);
    this.coroutines.hook = this.callbacks.hook;
    this.failures.hook = this.callbacks.hook;
    this.captured = new FinalizationRegistry((reference) => api.luaL_unref(main, REGISTRY, reference));
    this.textMode = heap.createCString("t");
    this.failures.describeRef = this.runPrelude(host);
    files?.guard(
      () => this.beforeFile(),
      () => this.coroutines.stopIfEnding(),
    );
  }

  /** Starts a VM with Lua's standard library and the prelude. */
  static async open(options: VmOptions): Promise<LuaVm> {
    let heap: Heap | undefined;
    const { compiled, memoryLimit, files } = options;
    const api = await instantiateLua(compiled, memoryLimit, () => heap?.refresh(), files?.calls);
    files?.attach(api);
    heap = new Heap(api);
    return new LuaVm(api, heap, options);
  }

  /** The context of the coroutine that is calling into the host right now. */
  get context(): unknown {
    return this.coroutines.running?.context;
  }

  /** What ends that coroutine from outside. */
  get limit(): Limit | undefined {
    return this.coroutines.running?.limit;
  }

  /** Whether the host function that was called last may wait; to be asked before it calls anything. */
  get canWait(): boolean {
    return this.coroutines.canWait(this.calling);
  }

  /** How many coroutines wait for a host function. */
  get waits(): number {
    return this.coroutines.waiting;
  }

  /** Where the script is that is calling into the host right now, innermost first, so many frames at most. */
  callers(most?: number): Frame[] {
    const { running } = this.coroutines;
    return running ? this.core.tracer.frames(running.L, most) : [];
  }

  /** Makes a module visible: as a global of its name and for `require`. */
  register(module: LuaModule): void {
    const { api, heap, main, marshaller } = this.core;
    this.functions.pushModule(main, module);
    // The main thread may be running words of the host's own, with values of theirs below.
    const table = api.lua_gettop(main);
    heap.withCString("package", (pointer) => api.lua_getglobal(main, pointer));
    marshaller.pushString(main, "loaded");
    api.lua_rawget(main, -2);
    marshaller.pushString(main, module.name);
    api.lua_pushvalue(main, table);
    api.lua_rawset(main, -3);
    api.lua_settop(main, table);
    this.popGlobal(module.name);
  }

  /** Makes the functions of a module visible as globals of their names. */
  registerGlobals({ functions, waits = {} }: LuaModule): void {
    for (const [name, run] of Object.entries(functions)) {
      this.functions.push(this.core.main, waits[name] ?? name, run, Object.hasOwn(waits, name));
      this.popGlobal(name);
    }
  }

  /**
   * Compiles source text. `name` is how errors call it, a path for people.
   * Raises ScriptError with code `invalid` for a syntax error.
   */
  load(source: string | Uint8Array, name: string): LuaFunction {
    const { api, main } = this.core;
    try {
      if (this.compile(source, `@${name}`) !== Status.Ok) throw this.failures.syntaxError(name);
      return this.capture(main, -1);
    } finally {
      api.lua_settop(main, 0);
    }
  }

  /**
   * Runs a function to its end in a coroutine of its own. Rejects with ScriptError when it raises.
   *
   * @param context what `vm.context` gives to host functions that it calls.
   * @param limit what ends it from outside, whatever it catches; it then rejects with the reason.
   */
  run(fn: LuaFunction, args: readonly LuaValue[], context: unknown, limit?: Limit): Promise<LuaValue[]> {
    const push = (L: LuaState) => {
      this.pushFunction(L, fn);
      this.core.api.lua_checkstack(L, args.length);
      for (const arg of args) this.core.marshaller.push(L, arg);
      return args.length;
    };
    return this.coroutines.start(push, context, limit);
  }

  /**
   * Runs Lua code of the host's own that defines words for scripts. `functions` is the table that it gets as its argument,
   * of which messages speak as of the module `name`, `waits` is as in `LuaModule`; the function that it returns is given
   * back. It never shows in a script's traceback.
   */
  installWords(
    source: string,
    functions: LuaModule["functions"],
    waits: Readonly<Record<string, string>> = {},
    name = "host",
  ): LuaFunction {
    const { api, main, marshaller } = this.core;
    const status = this.compile(source, HOST_CHUNK);
    this.functions.pushModule(main, { name, functions, waits });
    if (status !== Status.Ok || api.lua_pcallk(main, 1, 1, 0, 0, 0) !== Status.Ok) {
      throw new Error(`the host's own Lua does not run: ${String(marshaller.read(main, -1))}`);
    }
    const words = this.capture(main, -1);
    api.lua_settop(main, 0);
    return words;
  }

  /** Every host function arrives here: the closure's upvalue says which one it is. */
  private dispatch(L: LuaState): number {
    const { api, marshaller } = this.core;
    const fn = this.functions.at(api.lua_tonumberx(L, upvalue(1), 0));
    this.calling = L;
    try {
      if (fn === undefined) throw new TypeError("a closure of the host without a host function");
      this.beforeEffect?.();
      if (fn.waits) this.coroutines.checkWaitable(L, fn.name);
      const args: LuaValue[] = [];
      for (let i = 1, count = api.lua_gettop(L); i <= count; i++) args.push(marshaller.read(L, i));
      const result = fn.run(...args);
      if (result instanceof Promise) return this.coroutines.wait(L, result, fn.name, this.callbacks.resume);
      this.coroutines.stopIfEnding(L);
      const { halted } = this.coroutines;
      return halted === undefined ? pushResult(this.core, L, result) : this.coroutines.halt(L, halted);
    } catch (thrown) {
      if (thrown === LONGJMP) throw thrown;
      if (thrown instanceof Halt) return this.coroutines.halt(L, thrown);
      return this.failures.raise(L, thrown);
    }
  }

  /** Ends the script that is running with its next instruction: for those who must not leave it themselves. */
  halt(halt: Halt): void {
    this.coroutines.haltSoon(halt);
  }

  private beforeFile(): void {
    try {
      this.beforeEffect?.();
    } catch (thrown) {
      if (thrown instanceof Halt) this.halt(thrown);
      throw thrown;
    }
  }

  private capture(L: LuaState, index: number): LuaFunction {
    const { api, main } = this.core;
    api.lua_pushvalue(L, index);
    if (L !== main) api.lua_xmove(L, main, 1);
    const reference = api.luaL_ref(main, REGISTRY);
    const handle = new CapturedFunction(this, reference, this.context, this.limit);
    this.captured.register(handle, reference, handle);
    return handle;
  }

  /** Gives a reference back that `capture` took. */
  free(handle: CapturedFunction): void {
    if (this.captured.unregister(handle))
      this.core.api.luaL_unref(this.core.main, REGISTRY, handle.reference);
  }

  private pushFunction(L: LuaState, fn: LuaFunction): void {
    if (!(fn instanceof CapturedFunction)) throw new TypeError("a function of another VM");
    pushReference(this.core.api, L, fn.reference);
  }

  /** Where a captured function stands. */
  definitionOf(fn: LuaFunction): Definition {
    this.pushFunction(this.core.main, fn);
    return this.core.tracer.definition(this.core.main);
  }

  /** How many arguments a captured function takes at most: it ignores what is beyond. */
  parametersOf(fn: LuaFunction): number {
    this.pushFunction(this.core.main, fn);
    return this.core.tracer.parameters(this.core.main);
  }

  private popGlobal(name: string): void {
    this.core.heap.withCString(name, (pointer) => this.core.api.lua_setglobal(this.core.main, pointer));
  }

  private compile(source: string | Uint8Array, chunkName: string): number {
    const { api, heap, main } = this.core;
    return heap.withCString(chunkName, (name) =>
      heap.withBytes(source, (pointer, length) =>
        api.luaL_loadbufferx(main, pointer, length, name, this.textMode),
      ),
    );
  }

  /** Runs the prelude; returns the reference of its `describe`. */
  private runPrelude(host: LuaModule): number {
    const { api, main, marshaller } = this.core;
    const status = this.compile(prelude, HOST_CHUNK);
    api.lua_pushlightuserdata(main, this.coroutines.marker);
    const functions = { ...host.functions, ...this.coroutines.functions, ...LOADING };
    const [seed = 0n, more = 0n] = crypto.getRandomValues(new BigInt64Array(2));
    const fields = { has_files: this.core.files !== undefined, seed, more_seed: more };
    this.functions.pushModule(main, { ...host, functions, fields });
    pushReference(api, main, this.core.errorMetatable);
    this.compile(handling, HOST_CHUNK);
    if (status !== Status.Ok || api.lua_pcallk(main, 4, 1, 0, 0, 0) !== Status.Ok) {
      throw new Error(`the prelude does not run: ${String(marshaller.read(main, -1))}`);
    }
    const reference = api.luaL_ref(main, REGISTRY);
    api.lua_settop(main, 0);
    return reference;
  }
}
