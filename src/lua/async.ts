import { RunnerError } from "../lib/errors.ts";
import type { CallContext } from "../modules/context.ts";
import { type HostFunction, LuaFunction, type LuaValue } from "../modules/module.ts";
import words from "./async.lua" with { type: "text" };
import type { LuaVm } from "./vm.ts";

/** Lua of the module `async`; it needs the functions of `createAsyncFunctions`. */
export const ASYNC_WORDS = words;

/** The side of `async` that the host has. */
export interface Spawning {
  /** What async.lua is installed with. */
  readonly functions: Record<string, HostFunction>;
  /** Whether any has failed: then a collection of garbage tells of those that nobody can await any more. */
  hasFailures(): boolean;
  /**
   * Resolves when these have ended, once what started them has: those that only others could wake, when all the
   * others wait as well, are cancelled.
   */
  finish(spawned: ReadonlySet<Promise<unknown>>): Promise<void>;
}

/**
 * What async.lua needs of the host: coroutines that run side by side with their caller's context and limit, and
 * tickets to wait for.
 *
 * @param onLost gets the error of a coroutine that failed without anybody awaiting it.
 */
export function createAsyncFunctions(vm: LuaVm, onLost: (message: string) => void): Spawning {
  let failures = false;
  const waiting = new Map<LuaValue, () => void>();
  const running = new Map<LuaValue, AbortController>();
  let lastTicket = 0;
  let checkStuck = (): void => undefined;

  const start = async (number: LuaValue, fn: LuaFunction, parent: CallContext) => {
    const own = new AbortController();
    running.set(number, own);
    const { limit } = vm;
    const signal = limit === undefined ? own.signal : AbortSignal.any([own.signal, limit.signal]);
    try {
      // Only the parent's limit can come while it computes: whoever could cancel it waits until it does.
      await vm.run(
        fn,
        [],
        { ...parent, parent, signal },
        {
          signal,
          ...(limit?.check !== undefined && { check: () => limit.check?.() }),
        },
      );
    } catch {
      // It was cancelled, and whoever did that knows; its own errors stay in Lua.
    } finally {
      running.delete(number);
      fn.release();
    }
  };

  const functions: Record<string, HostFunction> = {
    ticket: () => ++lastTicket,
    wait(ticket) {
      const woken = new Promise<undefined>((resolve) => waiting.set(ticket, () => resolve(undefined)));
      // Checked when those that are ready have had their turn.
      setImmediate(() => checkStuck());
      return woken;
    },
    wake(ticket) {
      waiting.get(ticket)?.();
      waiting.delete(ticket);
    },
    start(number, fn) {
      if (!(fn instanceof LuaFunction)) return;
      // Every coroutine was started with a context, by session.ts or here.
      const parent = vm.context as CallContext;
      const ended = start(number, fn, parent);
      parent.running?.add(ended);
      void ended.then(() => parent.running?.delete(ended));
    },
    cancel(number) {
      running.get(number)?.abort(new Error("cancelled"));
    },
    raise(code, message) {
      throw new RunnerError(RunnerError.isCode(code) ? code : "task_failed", String(message));
    },
    failed() {
      failures = true;
    },
    lost(message) {
      onLost(String(message));
    },
  };
  const finish = async (spawned: ReadonlySet<Promise<unknown>>) => {
    checkStuck = () => {
      if (waiting.size < running.size) return;
      waiting.clear();
      for (const own of running.values()) own.abort(new Error("nobody can wake it"));
    };
    setImmediate(() => checkStuck());
    while (spawned.size > 0) await Promise.allSettled(spawned);
    checkStuck = () => undefined;
  };
  return { functions, hasFailures: () => failures, finish };
}
