import { isEnding, isUnheard, setComputing } from "../lib/ending.ts";
import { isLookedAfter, lookAround } from "../lib/lookout.ts";
import type { Halt, HostFunction, HostResult, LuaValue } from "../modules/module.ts";
import { cannotWait } from "../modules/waiting.ts";
import type { Core } from "./core.ts";
import { type Coroutine, endOf, type Limit } from "./coroutine.ts";
import type { Failures } from "./failures.ts";
import { Pauses } from "./pauses.ts";
import { pushResult } from "./results.ts";
import { type Wait, Waits } from "./waits.ts";
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
  private readonly waits = new Waits();
  private readonly pauses = new Pauses();
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
    // Whether whoever yielded nothing is on its way out to the scheduler.
    leaves: () => this.pauses.isBeginning || (this.running?.cancelled ?? false),
    stay: () => this.pauses.callOff(),
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
    const { promise, resolve, reject } = Promise.withResolvers<LuaValue[]>();
    this.pauses.after(() => {
      if (limit?.signal.aborted) return void reject(limit.signal.reason);
      const coroutine = this.create({ context, limit, resolve, reject });
      try {
        this.step(coroutine, push(coroutine.L));
      } catch (thrown) {
        this.finish(coroutine);
        reject(thrown);
      }
    });
    return promise;
  }

  private create(given: Pick<Coroutine, "context" | "limit" | "resolve" | "reject">): Coroutine {
    const L = this.core.api.lua_newthread(this.core.main);
    const anchor = this.core.api.luaL_ref(this.core.main, REGISTRY);
    const state = { hooked: false, nested: false, enclosed: 0, cancelled: false };
    const coroutine: Coroutine = { L, anchor, ...given, ...state };
    given.limit?.watch?.();
    coroutine.onAbort = () => this.cancel(coroutine);
    given.limit?.signal.addEventListener("abort", coroutine.onAbort, { once: true });
    return coroutine;
  }

  /** The hook: has a coroutine pause, or ends one that is over its limit, by a yield that no script can catch. */
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
        if (!this.pauses.isDue || (coroutine.nested && !isEnding()) || !this.canWait(L)) return;
        this.pauses.begin();
        api.lua_yieldk(L, 0, 0, 0);
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

  /** Has what computes stop where it is when this process is ending: the hook comes with its next instruction. */
  stopIfEnding(L = this.running?.L): void {
    if (L !== undefined && isEnding()) this.core.api.lua_sethook(L, this.hook, MASK_COUNT, 1);
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
    this.waits.drop(wait);
    this.pauses.after(() => this.abandon(coroutine));
  }

  /** Lets a cancelled coroutine close its variables, and settles it. */
  private abandon(coroutine: Coroutine): void {
    if (this.suspendedFor !== undefined) this.waits.drop(this.suspendedFor);
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

  /** Lets a coroutine run until it ends, fails, pauses, or waits. */
  private step(coroutine: Coroutine, args: number): void {
    const { api, heap, marshaller } = this.core;
    const { L } = coroutine;
    const outer = this.running;
    this.running = coroutine;
    coroutine.nested = outer !== undefined;
    this.setHook(coroutine);
    if (outer === undefined) setComputing(true);
    coroutine.limit?.compute?.(true);
    try {
      const status = api.lua_resume(L, 0, args, heap.out);
      const count = heap.readWord(heap.out);
      const pauses = this.pauses.callOff();
      if (coroutine.cancelled) this.abandon(coroutine);
      else if (status === Status.Yield && pauses) this.pauses.pause(() => this.step(coroutine, 0));
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
   * While there is anything to look after, or to do before a signal ends this process, all that computes has the hook, and
   * pays for it: it keeps from it what waits. Coroutines that the script creates from within inherit the hook.
   */
  private setHook(coroutine: Coroutine, L = coroutine.L): void {
    const wanted = isLookedAfter() || isUnheard();
    if (coroutine.hooked === wanted && L === coroutine.L) return;
    if (L === coroutine.L) coroutine.hooked = wanted;
    const [mask, count] = wanted ? [MASK_COUNT, INSTRUCTIONS] : [0, 0];
    this.core.api.lua_sethook(L, wanted ? this.hook : 0, mask, count);
  }

  private suspend(coroutine: Coroutine, yielded: number): void {
    const { api } = this.core;
    const { L } = coroutine;
    const wait = yielded === 1 && api.lua_touserdata(L, -1) === this.marker ? this.suspendedFor : undefined;
    this.suspendedFor = undefined;
    api.lua_settop(L, -yielded - 1);
    // The prelude lets a script yield only to itself.
    if (wait === undefined) throw new Error("a coroutine of the scheduler has yielded for nothing");
    coroutine.wait = wait;
    void wait.settled.then(() =>
      this.pauses.after(() => {
        // Whoever was cancelled meanwhile is never resumed.
        if (coroutine.cancelled) return;
        delete coroutine.wait;
        this.step(coroutine, 0);
      }),
    );
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
    if (!this.canWait(L)) {
      // Nobody will look at its outcome any more.
      promise.catch(() => undefined);
      throw cannotWait(name);
    }
    const wait = this.waits.add(name, promise);
    this.suspendedFor = wait;
    // The call's arguments stay on its stack below the marker, for a result that gives one back.
    api.lua_pushlightuserdata(L, this.marker);
    return api.lua_yieldk(L, 1, wait.id, continuation);
  }

  /** Goes on in the host function that yielded as wait number `id`: its results, or the error that it raises. */
  afterWait(L: LuaState, id: number): number {
    try {
      return pushResult(this.core, L, this.waits.take(id));
    } catch (thrown) {
      if (thrown === LONGJMP) throw thrown;
      return this.failures.raise(L, thrown);
    }
  }
}
