import { setComputing } from "../lib/ending.ts";
import { RunnerError } from "../lib/errors.ts";
import { type HostResult, type LuaValue, Results, SameArgument } from "../modules/module.ts";
import type { Core } from "./core.ts";
import { ScriptError } from "./errors.ts";
import type { Failures } from "./failures.ts";
import { LONGJMP, type LuaState, MASK_COUNT, REGISTRY, Status } from "./wasm.ts";

/** What a coroutine waits for, and what became of it. */
interface Wait {
  readonly id: number;
  /** What it called, for messages. */
  readonly name: string;
  /** Never rejects; when it resolves, the outcome is there. */
  readonly settled: Promise<void>;
  outcome?: { readonly value: HostResult } | { readonly error: unknown };
}

/** What ends a coroutine from outside. Nothing that the script catches keeps it alive. */
export interface Limit {
  /** Ends it; its reason is what the coroutine rejects with. */
  readonly signal: AbortSignal;
  /**
   * Called now and then while it computes, when no event reaches this thread: aborts the signal itself when its time
   * has come. Without it nothing is looked at while it computes, which then costs nothing.
   */
  readonly check?: () => void;
}

/** How many instructions a script computes before the host looks at its limit again: about a millisecond's worth. */
const INSTRUCTIONS = 100_000;
/** How long the to-be-closed variables of a cancelled coroutine may take, in ms. */
const CLOSING_MS = 500;

/** One coroutine that the host started, with what the host knows about it (such as the task it runs). */
interface Coroutine {
  readonly L: LuaState;
  readonly anchor: number;
  readonly context: unknown;
  readonly limit: Limit | undefined;
  /** Whether it must not run any more. */
  cancelled: boolean;
  /** The wait that it is suspended for. */
  wait?: Wait;
  /** While its variables are closed: when that ends, by `performance.now()`. */
  closingUntil?: number;
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
  /** Function pointer of the hook that calls `check`. */
  hook = 0;

  constructor(
    private readonly core: Core,
    private readonly failures: Failures,
  ) {
    this.marker = core.api.malloc(1);
  }

  /** Starts what `push` leaves on the new coroutine's stack (a function and its arguments, whose count it returns). */
  start(push: (L: LuaState) => number, context: unknown, limit?: Limit): Promise<LuaValue[]> {
    const { api, main } = this.core;
    if (limit?.signal.aborted) return Promise.reject(limit.signal.reason);
    const L = api.lua_newthread(main);
    const anchor = api.luaL_ref(main, REGISTRY);
    const { promise, resolve, reject } = Promise.withResolvers<LuaValue[]>();
    const coroutine: Coroutine = { L, anchor, context, limit, cancelled: false, resolve, reject };
    if (limit !== undefined) {
      // Coroutines that the script creates from within inherit the hook.
      if (limit.check !== undefined) api.lua_sethook(L, this.hook, MASK_COUNT, INSTRUCTIONS);
      limit.signal.addEventListener("abort", () => this.cancel(coroutine), { once: true });
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
    if (coroutine?.limit === undefined) return;
    if (coroutine.closingUntil === undefined) {
      coroutine.limit.check?.();
      if (!coroutine.limit.signal.aborted) return;
      coroutine.cancelled = true;
    } else if (performance.now() < coroutine.closingUntil) return;
    // From here on, every instruction comes here: where Lua cannot yield, an error raised by each outlasts any pcall.
    for (const thread of [L, coroutine.L]) api.lua_sethook(thread, this.hook, MASK_COUNT, 1);
    if (api.lua_isyieldable(L) === 1) api.lua_yieldk(L, 0, 0, 0);
    else {
      marshaller.pushString(L, "stopped");
      api.lua_error(L);
    }
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
    coroutine.reject(coroutine.limit?.signal.reason);
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
      if (coroutine.cancelled) this.abandon(coroutine);
      else if (status === Status.Yield) this.suspend(coroutine, count);
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
      return this.pushResult(L, outcome.value);
    } catch (thrown) {
      if (thrown === LONGJMP) throw thrown;
      return this.failures.raise(L, thrown);
    }
  }

  /** Pushes a host function's result; returns how many values it is. */
  pushResult(L: LuaState, result: HostResult): number {
    const { api, marshaller } = this.core;
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
}

/** Follows a promise from the start, so that a rejection has its handler even when nobody comes back for it. */
function createWait(id: number, name: string, promise: Promise<HostResult>): Wait {
  const wait: Wait = {
    id,
    name,
    settled: promise.then(
      (value) => {
        wait.outcome = { value };
      },
      (error) => {
        wait.outcome = { error };
      },
    ),
  };
  return wait;
}
