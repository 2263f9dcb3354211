import type { Awaitable } from "../lib/awaitable.ts";
import { DURATION_SYNTAX, parseDuration } from "../lib/duration.ts";
import { RunnerError } from "../lib/errors.ts";
import { didYouMean } from "../lib/suggest.ts";
import { describe, toNumber } from "../modules/arguments.ts";
import type { CallContext } from "../modules/context.ts";
import { type HostFunction, LuaFunction, type LuaValue } from "../modules/module.ts";
import { raise } from "../modules/raise.ts";
import words from "./async.lua" with { type: "text" };
import type { Limit } from "./coroutine.ts";
import type { LuaVm } from "./vm.ts";

/** Those of the functions that wait, and what messages call them. */
const WAITS = { wait: "async" };

/** Why somebody waits, by which async.lua says it, and what there is to say when nobody can end that. */
const FOREVER: Readonly<Record<string, string>> = {
  receive:
    "Cannot receive from this channel: it waits forever, nobody else can send. Close the channel when nothing more comes.",
  send: "Cannot send into this channel: it waits forever, nobody else can receive. Start a receiver before, or give the channel a capacity.",
  lock: "Cannot lock this mutex: it waits forever, nobody else can unlock it. Use mutex:with(fn), which always unlocks.",
  await: "Cannot await this coroutine: it waits forever, nobody else can end what it waits for.",
};

/** How many coroutines may be under way, and how many may start before this thread does something else. */
const MOST_RUNNING = 100_000;
const MOST_IN_A_TURN = 1000;

/** Somebody who waits for another coroutine. */
interface Waiting {
  wake(): void;
  fail(error: RunnerError): void;
  /** A key of `FOREVER`. */
  readonly what: string;
  /** Whether nothing has spawned it. */
  readonly isRoot: boolean;
}

/** The side of `async` that the host has. */
export interface Spawning {
  /** Completes the module when a script first touches it. */
  install(): void;
  /** Tells of those that have failed and that nobody can await any more, if there are any. */
  tellLost(context: CallContext): Awaitable<void>;
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
 * @param limitOf starts the time of a call of `async.timeout`, in ms, within what its caller has.
 * @param onLost gets the error of a coroutine that failed without anybody awaiting it.
 */
export function createAsyncFunctions(
  vm: LuaVm,
  limitOf: (ms: number, parent: Limit | undefined) => Limit & Disposable,
  onLost: (message: string) => void,
): Spawning {
  /** Tasks in which coroutines have failed since it was last looked whether anybody may still await those. */
  const failures = new Set<string | undefined>();
  const waiting = new Map<LuaValue, Waiting>();
  const running = new Map<LuaValue, AbortController>();
  let lastTicket = 0;
  let startedInTurn = 0;
  let listening = false;
  let checkStuck = (): void => undefined;

  const start = async (
    number: LuaValue,
    fn: LuaFunction,
    parent: CallContext,
    own: AbortController,
    ms: number | undefined,
  ) => {
    running.set(number, own);
    // While it waits, async.lua's own timer ends it.
    using time = ms === undefined ? undefined : limitOf(ms, vm.limit);
    time?.signal.addEventListener("abort", () => own.abort(time.signal.reason));
    const limit = time ?? vm.limit;
    const compute = limit?.compute;
    const signal = limit === undefined ? own.signal : AbortSignal.any([own.signal, limit.signal]);
    try {
      // Only the parent's limit can come while it computes: whoever could cancel it waits until it does.
      await vm.run(fn, [], { ...parent, parent, signal }, { signal, ...(compute && { compute }) });
    } catch {
      // It was cancelled, and whoever did that knows; its own errors stay in Lua.
    } finally {
      running.delete(number);
      fn.release();
    }
  };

  // Nothing is under way any more but coroutines that wait for each other.
  const failStuck = () => {
    if (waiting.size === 0 || waiting.size < vm.waits) return;
    const all = [...waiting];
    const inner = all.filter(([, { what }]) => what !== "await");
    const roots = inner.filter(([, { isRoot }]) => isRoot);
    for (const [ticket, { fail, what }] of [roots, inner].find(({ length }) => length > 0) ?? all) {
      waiting.delete(ticket);
      fail(new RunnerError("task_failed", FOREVER[what] ?? ""));
    }
  };

  const functions: Record<string, HostFunction> = {
    ticket: () => ++lastTicket,
    is_turn_due: () => startedInTurn >= MOST_IN_A_TURN && vm.canWait,
    turn: () => new Promise((resolve) => setImmediate(() => resolve(undefined))),
    wait(ticket, what) {
      if (!listening) process.on("beforeExit", failStuck);
      listening = true;
      const isRoot = (vm.context as CallContext).parent === undefined;
      const woken = new Promise<undefined>((resolve, reject) =>
        waiting.set(ticket, { wake: () => resolve(undefined), fail: reject, what: String(what), isRoot }),
      );
      // Checked when those that are ready have had their turn.
      setImmediate(() => checkStuck());
      return woken;
    },
    wake(ticket) {
      waiting.get(ticket)?.wake();
      waiting.delete(ticket);
    },
    hint: (name) => didYouMean(String(name), ["limit"]) || " Known: limit",
    check_duration(given, callee) {
      if (durationOf(given) !== undefined) return;
      const problem = `${String(callee)}: argument 1 (seconds): expected ${DURATION_SYNTAX}, got ${describe(given)}`;
      throw new RunnerError("bad_argument", problem);
    },
    start(number, fn, seconds) {
      if (!(fn instanceof LuaFunction)) return false;
      if (running.size >= MOST_RUNNING) {
        fn.release();
        throw new RunnerError(
          "too_large",
          `Cannot spawn more than ${MOST_RUNNING} coroutines at a time: as many are under way. Use async.map with a limit.`,
        );
      }
      if (startedInTurn++ === 0) {
        setImmediate(() => {
          startedInTurn = 0;
        });
      }
      // Every coroutine was started with a context, by session.ts or here.
      const parent = vm.context as CallContext;
      const own = new AbortController();
      const ended = start(number, fn, parent, own, durationOf(seconds));
      parent.running?.add(ended);
      void ended.then(() => parent.running?.delete(ended));
      return own.signal.aborted;
    },
    cancel(number) {
      running.get(number)?.abort(new Error("cancelled"));
    },
    raise,
    failed() {
      failures.add((vm.context as CallContext).task);
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
  let collect: LuaFunction | undefined;
  return {
    install() {
      collect = vm.installWords(words, functions, WAITS);
    },
    tellLost(context) {
      if (!failures.delete(context.task) || collect === undefined) return;
      return vm.run(collect, [], context).then(() => undefined);
    },
    finish,
  };
}

/** Milliseconds of what a script gives for a time. */
function durationOf(given: LuaValue): number | undefined {
  return parseDuration(typeof given === "string" ? given : (toNumber(given) ?? Number.NaN));
}
