import { setComputing } from "../lib/ending.ts";
import { RunnerError } from "../lib/errors.ts";
import { isLookedAfter, lookAround } from "../lib/lookout.ts";
import type { Halt, HostFunction, HostResult, LuaValue } from "../modules/module.ts";
import { cannotWait } from "../modules/waiting.ts";
import type { Core } from "./core.ts";
import { type Coroutine, createWait, endOf, type Limit, type Wait } from "./coroutine.ts";
import { ScriptError } from "./errors.ts";
import type { Failures } from "./failures.ts";
import { pushResult } from "./results.ts";
import { LONGJMP, type LuaState, MASK_COUNT, REGISTRY, Status } from "./wasm.ts";

/**
 * How many instructions a script computes before the host looks at its limit again: a fifth of a millisecond's worth. Each
 * coroutine counts for itself, and a script may spend its time in many short ones.
 */
const INSTRUCTIONS = 20_000;
/** How long the to-be-closed variables of a cancelled coroutine may take, in ms. */
const CLOSING_MS = 500;

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
  /** Function pointer of the hook that calls `check`. */
  hook = 0;

  /** What the prelude needs to make `coroutine.resume` one of a scheduler. */
  readonly functions: Readonly<Record<string, HostFunction>> = {
    cancelled: () => this.running?.cancelled ?? false,
    enclose: (change) => {
      if (this.running !== undefined) this.running.enclosed += Number(change);
    },
    // Has another wait, by its number, take the place of the one that comes next, whose number it gives.
    swap_wait: (id) => {
      const { suspendedFor } = this;
      this.suspendedFor = this.waits.get(Number(id));
      return suspendedFor?.id;
    },
  };

  constructor(
    private readonly core: Core,
    private readonly failures: Failures,
  ) {
    this.marker = core.api.malloc(1);
  }

  /** How many host functions are waited for. */
  get waiting(): number {
    return this.waits.size;
  }

  /** Starts what `push` leaves on the new coroutine's stack (a function and its arguments, whose count it returns). */
  start(push: (L: LuaState) => number, context: unknown, limit?: Limit): Promise<LuaValue[]> {
    const { api, main } = this.core;
    if (limit?.signal.aborted) return Promise.reject(limit.signal.reason);
    const L = api.lua_newthread(main);
    const anchor = api.luaL_ref(main, REGISTRY);
    const { promise, resolve, reject } = Promise.withResolvers<LuaValue[]>();
    const state = { hooked: false, enclosed: 0, cancelled: false };
    const coroutine: Coroutine = { L, anchor, context, limit, ...state, resolve, reject };
    if (limit !== undefined) {
      limit.watch?.();
      coroutine.onAbort = () => this.cancel(coroutine);
      limit.signal.addEventListener("abort", coroutine.onAbort, { once: true });
    }
    try {
      this.step(coroutine, push(L));
    } catch (thrown) {
      this.finish(coroutine);
      reject(thrown);
    }
    return promise;
  }

  /** The hook: ends the computing of a coroutine that is over its limit, by a yield that no script can catch. */
  check(L: LuaState): void {
    const { api, marshaller } = this.core;
    const { describingUntil } = this.failures;
    if (describingUntil !== undefined) {
      if (performance.now() < describingUntil) return;
      api.lua_sethook(L, this.hook, MASK_COUNT, 1);
      marshaller.pushString(L, "stopped");
      api.lua_error(L);
    }
    const coroutine = this.running;
    if (coroutine === undefined) return;
    if (coroutine.closingUntil === undefined) {
      lookAround();
      if (!coroutine.limit?.signal.aborted && coroutine.halted === undefined) {
        this.setHook(coroutine, L);
        return;
      }
      coroutine.cancelled = true;
    } else if (performance.now() < coroutine.closingUntil) return;
    this.unwind(L, coroutine);
  }

  /** Why the coroutine that is running has ended, when something that it started has done that. */
  get halted(): Halt | undefined {
    const { running } = this;
    return running?.closingUntil === undefined ? running?.halted : undefined;
  }

  /** Ends the coroutine that is running, from a function that it called. Does not return. */
  halt(L: LuaState, halt: Halt): number {
    const { running } = this;
    if (running === undefined) throw halt;
    running.halted = halt;
    running.cancelled = true;
    return this.unwind(L, running);
  }

  /** As `halt`, but by the hook: for those who were called by C code that nothing may be thrown through. */
  haltSoon(halt: Halt): void {
    const { running } = this;
    if (running === undefined) return;
    running.halted ??= halt;
    this.core.api.lua_sethook(running.L, this.hook, MASK_COUNT, 1);
  }

  /** Leaves a coroutine in a way that no script can catch. Does not return. */
  private unwind(L: LuaState, coroutine: Coroutine): number {
    const { api, marshaller } = this.core;
    // From here on, every instruction comes to the hook: where Lua cannot yield, errors that never end outlast any pcall.
    for (const thread of [L, coroutine.L]) api.lua_sethook(thread, this.hook, MASK_COUNT, 1);
    if (api.lua_isyieldable(L) === 1 && coroutine.enclosed === 0) return api.lua_yieldk(L, 0, 0, 0);
    marshaller.pushString(L, "stopped");
    return api.lua_error(L);
  }

  /** Ends a coroutine that waits; one that computes is ended by the hook, or by its next wait. */
  private cancel(coroutine: Coroutine): void {
    const { wait } = coroutine;
    coroutine.cancelled = true;
    if (wait === undefined) return;
    this.waits.delete(wait.id);
    this.abandon(coroutine);
  }

  /** Lets a cancelled coroutine close its variables, and settles it. */
  private abandon(coroutine: Coroutine): void {
    if (this.suspendedFor !== undefined) this.waits.delete(this.suspendedFor.id);
    this.suspendedFor = undefined;
    const outer = this.running;
    this.running = coroutine;
    coroutine.cancelled = false;
    coroutine.closingUntil = performance.now() + CLOSING_MS;
    this.core.api.lua_sethook(coroutine.L, this.hook, MASK_COUNT, INSTRUCTIONS);
    this.finish(coroutine);
    this.running = outer;
    coroutine.cancelled = true;
    coroutine.reject(endOf(coroutine));
  }

  /** Lets a coroutine run until it ends, fails, or waits. */
  private step(coroutine: Coroutine, args: number): void {
    const { api, heap, marshaller } = this.core;
    const { L } = coroutine;
    const outer = this.running;
    this.running = coroutine;
    this.setHook(coroutine);
    if (outer === undefined) setComputing(true);
    coroutine.limit?.compute?.(true);
    try {
      const status = api.lua_resume(L, 0, args, heap.out);
      const count = heap.readWord(heap.out);
      if (coroutine.cancelled) this.abandon(coroutine);
      else if (status === Status.Yield) this.suspend(coroutine, count);
      else if (status === Status.Ok) {
        const results = Array.from({ length: count }, (_, i) => marshaller.read(L, i - count));
        this.finish(coroutine);
        coroutine.resolve(results);
      } else {
        const failure = this.failures.scriptError(L, status);
        this.finish(coroutine);
        // Its variables have been closed by now, in which its time may have ended.
        coroutine.reject(coroutine.cancelled ? endOf(coroutine) : failure);
      }
    } catch (thrown) {
      coroutine.reject(thrown);
    } finally {
      coroutine.limit?.compute?.(false);
      this.running = outer;
      // Whoever has ended the script has ended those as well that started it and are still at that.
      if (outer !== undefined && coroutine.halted !== undefined) outer.halted ??= coroutine.halted;
      setComputing(outer !== undefined);
    }
  }

  /**
   * While there is anything to look after, all that computes has the hook, and pays for it: it keeps what waits from being
   * ended in time. Coroutines that the script creates from within inherit the hook.
   */
  private setHook(coroutine: Coroutine, L = coroutine.L): void {
    const wanted = isLookedAfter();
    if (coroutine.hooked === wanted && L === coroutine.L) return;
    if (L === coroutine.L) coroutine.hooked = wanted;
    const [mask, count] = wanted ? [MASK_COUNT, INSTRUCTIONS] : [0, 0];
    this.core.api.lua_sethook(L, wanted ? this.hook : 0, mask, count);
  }

  private suspend(coroutine: Coroutine, yielded: number): void {
    const { api, tracer } = this.core;
    const { L } = coroutine;
    const wait = yielded === 1 && api.lua_touserdata(L, -1) === this.marker ? this.suspendedFor : undefined;
    this.suspendedFor = undefined;
    api.lua_settop(L, -yielded - 1);
    if (wait === undefined) {
      const frames = tracer.frames(L);
      this.finish(coroutine);
      const reason = "attempt to yield from outside a coroutine";
      coroutine.reject(new ScriptError("task_failed", reason, frames, frames[0]));
      return;
    }
    coroutine.wait = wait;
    void wait.settled.then(() => {
      // Whoever was cancelled meanwhile is never resumed.
      if (coroutine.cancelled) return;
      delete coroutine.wait;
      this.step(coroutine, 0);
    });
  }

  private finish(coroutine: Coroutine): void {
    const { api, main, files } = this.core;
    files?.flush();
    // One limit may see a hundred thousand coroutines.
    if (coroutine.onAbort) coroutine.limit?.signal.removeEventListener("abort", coroutine.onAbort);
    api.lua_resetthread(coroutine.L);
    api.luaL_unref(main, REGISTRY, coroutine.anchor);
  }

  /** Whether Lua can suspend what called from this stack. */
  canWait(L: LuaState): boolean {
    return this.core.api.lua_isyieldable(L) === 1 && !this.running?.enclosed;
  }

  /** Raises `bad_argument` where Lua cannot yield, so that the host function `name` cannot wait. */
  checkWaitable(L: LuaState, name: string): void {
    if (!this.canWait(L)) throw cannotWait(name);
  }

  /**
   * Yields the coroutine that called the host function `name` until `promise` settles. Does not return: Lua unwinds
   * from here. Raises `bad_argument` where Lua cannot yield.
   */
  wait(L: LuaState, promise: Promise<HostResult>, name: string, continuation: number): number {
    const { api } = this.core;
    try {
      this.checkWaitable(L, name);
    } catch (error) {
      // Nobody will look at its outcome any more.
      promise.catch(() => undefined);
      throw error;
    }
    const id = ++this.lastWait;
    const wait = createWait(id, name, promise);
    this.waits.set(id, wait);
    this.suspendedFor = wait;
    // The call's arguments stay on its stack below the marker, for a result that gives one back.
    api.lua_pushlightuserdata(L, this.marker);
    return api.lua_yieldk(L, 1, id, continuation);
  }

  /** Goes on in the host function that yielded as wait number `id`: its results, or the error that it raises. */
  afterWait(L: LuaState, id: number): number {
    try {
      const wait = this.waits.get(id);
      this.waits.delete(id);
      // A script can resume its own coroutine early when its wait could not be passed on to the scheduler.
      if (wait?.outcome === undefined) {
        const called = wait?.name ?? "a function";
        throw new RunnerError("bad_argument", `Cannot resume this coroutine yet: it waits for ${called}.`);
      }
      const { outcome } = wait;
      if ("error" in outcome) throw outcome.error;
      return pushResult(this.core, L, outcome.value);
    } catch (thrown) {
      if (thrown === LONGJMP) throw thrown;
      return this.failures.raise(L, thrown);
    }
  }
}
