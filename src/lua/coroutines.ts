import { setComputing } from "../lib/ending.ts";
import { RunnerError } from "../lib/errors.ts";
import { type HostResult, type LuaValue, Results } from "../modules/module.ts";
import type { Core } from "./core.ts";
import { ScriptError } from "./errors.ts";
import type { Failures } from "./failures.ts";
import { LONGJMP, type LuaState, REGISTRY, Status } from "./wasm.ts";

/** A promise that a coroutine waits for, and what became of it. */
interface Wait {
  readonly promise: Promise<HostResult>;
  outcome?: { readonly value: HostResult } | { readonly error: unknown };
}

/** One coroutine that the host started, with what the host knows about it (such as the task it runs). */
interface Coroutine {
  readonly L: LuaState;
  readonly anchor: number;
  readonly context: unknown;
  readonly resolve: (results: LuaValue[]) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Runs functions in coroutines of their own. A host function that returns a promise yields its coroutine, and the
 * promise's continuation resumes it: many run side by side in one VM.
 *
 * The yield carries a marker, by which the prelude's `coroutine.resume` and `wrap` pass it on through coroutines of
 * the script's own; the C continuation (`afterWait`) fetches the outcome by the number of the wait.
 */
export class Coroutines {
  private readonly waits = new Map<number, Wait>();
  private lastWait = 0;
  /** The wait for which the innermost coroutine has just yielded. */
  private suspendedFor: Wait | undefined;
  /** The coroutine that is calling into the host right now. */
  running: Coroutine | undefined;
  /** Light userdata that marks a yield of the host's. */
  readonly marker: number;

  constructor(
    private readonly core: Core,
    private readonly failures: Failures,
  ) {
    this.marker = core.api.malloc(1);
  }

  /** Starts what `push` leaves on the new coroutine's stack (a function and its arguments, whose count it returns). */
  start(push: (L: LuaState) => number, context: unknown): Promise<LuaValue[]> {
    const { api, main } = this.core;
    const L = api.lua_newthread(main);
    const anchor = api.luaL_ref(main, REGISTRY);
    const { promise, resolve, reject } = Promise.withResolvers<LuaValue[]>();
    this.step({ L, anchor, context, resolve, reject }, push(L));
    return promise;
  }

  /** Lets a coroutine run until it ends, fails, or waits. */
  private step(coroutine: Coroutine, args: number): void {
    const { api, heap, marshaller } = this.core;
    const { L } = coroutine;
    const outer = this.running;
    this.running = coroutine;
    if (outer === undefined) setComputing(true);
    try {
      const status = api.lua_resume(L, 0, args, heap.out);
      const count = heap.readWord(heap.out);
      if (status === Status.Yield) this.suspend(coroutine, count);
      else if (status === Status.Ok) {
        const results = Array.from({ length: count }, (_, i) => marshaller.read(L, i - count));
        this.finish(coroutine);
        coroutine.resolve(results);
      } else {
        const failure = this.failures.scriptError(L, status);
        this.finish(coroutine);
        coroutine.reject(failure);
      }
    } catch (thrown) {
      coroutine.reject(thrown);
    } finally {
      this.running = outer;
      if (outer === undefined) setComputing(false);
    }
  }

  private suspend(coroutine: Coroutine, yielded: number): void {
    const { api, tracer } = this.core;
    api.lua_settop(coroutine.L, -yielded - 1);
    const wait = this.suspendedFor;
    this.suspendedFor = undefined;
    if (wait === undefined) {
      const frames = tracer.frames(coroutine.L);
      this.finish(coroutine);
      const reason = "attempt to yield from outside a coroutine";
      coroutine.reject(new ScriptError("task_failed", reason, frames, frames[0]));
      return;
    }
    const settle = (outcome: Exclude<Wait["outcome"], undefined>) => {
      wait.outcome = outcome;
      this.step(coroutine, 0);
    };
    wait.promise.then(
      (value) => settle({ value }),
      (error) => settle({ error }),
    );
  }

  private finish(coroutine: Coroutine): void {
    const { api, main } = this.core;
    api.lua_resetthread(coroutine.L);
    api.luaL_unref(main, REGISTRY, coroutine.anchor);
  }

  /**
   * Yields the coroutine that called the host function `name` until `promise` settles. Does not return: Lua unwinds
   * from here. Raises `bad_argument` where Lua cannot yield.
   */
  wait(L: LuaState, promise: Promise<HostResult>, name: string, continuation: number): number {
    const { api } = this.core;
    if (api.lua_isyieldable(L) === 0) {
      // Nobody will look at its outcome any more.
      promise.catch(() => undefined);
      throw new RunnerError(
        "bad_argument",
        `Cannot wait in ${name} here: Lua cannot suspend a sort comparator, a string.gsub callback or a __gc metamethod. Call it before and use its result.`,
      );
    }
    const wait: Wait = { promise };
    const id = ++this.lastWait;
    this.waits.set(id, wait);
    this.suspendedFor = wait;
    api.lua_settop(L, 0);
    api.lua_pushlightuserdata(L, this.marker);
    return api.lua_yieldk(L, 1, id, continuation);
  }

  /** Goes on in the host function that yielded as wait number `id`: its results, or the error that it raises. */
  afterWait(L: LuaState, id: number): number {
    try {
      const outcome = this.waits.get(id)?.outcome;
      this.waits.delete(id);
      if (outcome === undefined) throw new TypeError("a coroutine was resumed before its wait was over");
      this.core.api.lua_settop(L, 0);
      if ("error" in outcome) throw outcome.error;
      return this.pushResult(L, outcome.value);
    } catch (thrown) {
      if (thrown === LONGJMP) throw thrown;
      return this.failures.raise(L, thrown);
    }
  }

  /** Pushes a host function's result; returns how many values it is. */
  pushResult(L: LuaState, result: HostResult): number {
    const { api, marshaller } = this.core;
    if (!(result instanceof Results)) {
      marshaller.push(L, result);
      return 1;
    }
    api.lua_checkstack(L, result.values.length);
    for (const value of result.values) marshaller.push(L, value);
    return result.values.length;
  }
}
