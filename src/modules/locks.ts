import { type Awaitable, chain } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Grant, Locks, Request } from "../state/locks/locks.ts";
import type { Store } from "../state/store.ts";
import { Arguments, toNumber } from "./arguments.ts";
import type { CallContext, CurrentContext } from "./context.ts";
import { type HostFunction, Results } from "./module.ts";

/** How long `lock` and `with_lock` wait and a lease of `try_lock` lasts unless the script says, in seconds. */
const DEFAULT_SECONDS = 30;
/** How long a renewed lease outlasts a process that was stopped or whose machine died, in ms. */
const LEASE_MS = 30_000;

/** Scopes of `with_lock` that have been entered and not left, by the number that Lua knows them by. */
interface Scope {
  readonly grant: Grant;
  readonly context: CallContext;
}

/** A call's request without the parts that are the same for all calls. */
type Wanted = Omit<Request, "name" | "task">;

/** The lock functions of the Lua module `state`, and what its `with_lock` calls at the end. */
export function createLockFunctions(
  locks: Locks,
  store: Store,
  current: CurrentContext,
): { functions: Record<string, HostFunction>; leave: HostFunction } {
  const scopes = new Map<number, Scope>();
  let lastScope = 0;

  const acquire = (name: string, wanted: Wanted) => {
    const { task } = current();
    return locks.acquire({ name, ...(task !== undefined && { task }), ...wanted });
  };

  /** Makes the writes of a context depend on all scopes that it is inside of. */
  const fence = (context: CallContext) => {
    const grants = [...scopes.values()].filter((scope) => isWithin(context, scope.context));
    if (grants.length === 0) delete context.fenced;
    else {
      const guard = locks.guard(grants.map(({ grant }) => grant));
      context.fenced = new Map([...(context.fenced ?? []), [store, store.with({ guard })]]);
    }
  };

  const functions: Record<string, HostFunction> = {
    try_lock: (...values) => {
      const args = new Arguments("state.try_lock", values);
      const ttl = seconds(args, 1, "ttl", { least: "above zero" });
      const grant = acquire(args.string(0, "name"), { ttl, timeout: 0, kind: "lease" });
      return chain(grant, (taken) => taken !== undefined);
    },

    lock: (...values) => {
      const args = new Arguments("state.lock", values);
      const name = args.string(0, "name");
      if (typeof values[1] === "string") {
        const ttl = seconds(args, 2, "seconds", { least: "above zero", needed: true });
        const grant = acquire(name, { holder: values[1], ttl, timeout: ttl, kind: "lease" });
        return chain(grant, (taken) => (taken === undefined ? timedOut(locks, name, ttl) : true));
      }
      if (values[2] !== undefined) args.refuse(1, "holder", "a string");
      const timeout = timeoutOf(args, 1);
      const grant = acquire(name, { ttl: LEASE_MS, timeout, kind: "renewed" });
      return chain(grant, (taken) => taken !== undefined);
    },

    unlock: (...values) => {
      const args = new Arguments("state.unlock", values);
      const name = args.string(0, "name");
      const holder = args.optionalString(1, "holder");
      const { task } = current();
      return locks.unlock(name, {
        ...(task !== undefined && { task }),
        ...(holder !== undefined && { holder }),
      });
    },

    is_locked: (...values) => {
      const name = new Arguments("state.is_locked", values).string(0, "name");
      return chain(locks.inspect(name), (held) =>
        held === undefined
          ? false
          : new Results([true, held.holder, held.secondsLeft ?? Number.POSITIVE_INFINITY]),
      );
    },

    with_lock: (...values) => {
      const args = new Arguments("state.with_lock", values);
      const name = args.string(0, "name");
      const wanted = scopeOf(args);
      const context = current();
      return chain(acquire(name, wanted), (grant) => {
        if (grant === undefined) return timedOut(locks, name, wanted.timeout);
        scopes.set(++lastScope, { grant, context });
        fence(context);
        return lastScope;
      });
    },
  };

  const leave: HostFunction = (number) => {
    const scope = typeof number === "number" ? scopes.get(number) : undefined;
    if (scope === undefined) return;
    scopes.delete(number as number);
    fence(scope.context);
    return chain(locks.release(scope.grant, scope.context.task), () => undefined);
  };

  return { functions, leave };
}

/** Whether a coroutine is one, or was spawned from within it. */
function isWithin(context: CallContext | undefined, outer: CallContext): boolean {
  return context !== undefined && (context === outer || isWithin(context.parent, outer));
}

/** The two forms of `with_lock`: (name, fn, timeout?) and (name, holder, seconds, fn). */
function scopeOf(args: Arguments): Wanted {
  const holder = args.values[1];
  if (typeof holder === "string") {
    const ttl = seconds(args, 2, "seconds", { least: "above zero", needed: true });
    args.function(3, "fn");
    return { holder, ttl, timeout: ttl, kind: "scope" };
  }
  args.function(1, "fn");
  return { ttl: LEASE_MS, timeout: timeoutOf(args, 2), kind: "scope" };
}

/** A time to wait, in ms. */
function timeoutOf(args: Arguments, index: number): number {
  const given = args.values[index];
  if (index === 1 && given !== undefined && toNumber(given) === undefined) {
    args.refuse(index, "timeout or holder", "a number of seconds or a string");
  }
  return seconds(args, index, "timeout", { least: "zero or more" });
}

/** An argument in seconds, in ms. */
function seconds(
  args: Arguments,
  index: number,
  name: string,
  { least, needed = false }: { least: "above zero" | "zero or more"; needed?: boolean },
): number {
  const given = needed ? args.number(index, name) : (args.optionalNumber(index, name) ?? DEFAULT_SECONDS);
  if (given > 0 || (given === 0 && least === "zero or more")) return given * 1000;
  return args.refuse(index, name, `a number of seconds, ${least}`);
}

function timedOut(locks: Locks, name: string, timeout: number): Awaitable<never> {
  return chain(locks.inspect(name), (held) => {
    const who = held === undefined ? "others were before us" : `it is held by ${held.holder}`;
    throw new RunnerError(
      "lock_timeout",
      `Cannot take the lock "${name}" in ${timeout / 1000} s: ${who}. Wait longer, or unlock it there.`,
    );
  });
}
