import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Locks } from "../../state/locks/locks.ts";
import { wrongArgument } from "../arguments.ts";
import { Results } from "../module.ts";
import { defineStateFunction as define } from "./define.ts";
import type { Wanted } from "./locking.ts";
import { lockingOf, type Place } from "./place.ts";

/** How long `lock` and `with_lock` wait and a lease of `try_lock` lasts unless the script says, in seconds. */
const DEFAULT_SECONDS = 30;
/** How long a renewed lease outlasts a process that was stopped or whose machine died, in ms. */
const LEASE_MS = 30_000;

/** The functions of `state` for locks. */
export const LOCK_FUNCTIONS = {
  try_lock: define({
    description: "Takes a lock if it is free; it is not renewed and ends after ttl seconds (30).",
    args: (z) => ({ name: z.string(), ttl: z.optional(z.seconds("above zero")) }),
    returns: "boolean",
    example: 'assert(state.try_lock("job"))',
    run({ name, ttl = DEFAULT_SECONDS }, place) {
      const grant = lockingOf(place).acquire(`${place.name}.try_lock`, name, {
        ttl: ttl * 1000,
        timeout: 0,
        kind: "lease",
      });
      return chain(grant, (taken) => taken !== undefined);
    },
  }),
  lock: define({
    description:
      "Waits up to `timeout` seconds (30) for a lock, and keeps it until the task ends. Also lock(name, holder, seconds): under a label that is not bound to this process, where `seconds` is both the wait and the lease, and an error with code `lock_timeout` comes when it is not free in time.",
    args: (z) => ({
      name: z.string(),
      timeout_or_holder: z.optional(z.either(z.string(), z.seconds("zero or more"))),
      seconds: z.optional(z.seconds("above zero")),
    }),
    returns: "boolean",
    example: 'assert(state.lock("job", 5))',
    run({ name, timeout_or_holder: given, seconds }, place) {
      const locking = lockingOf(place);
      const callee = `${place.name}.lock`;
      if (typeof given !== "string") {
        if (seconds !== undefined)
          throw wrongArgument(callee, { index: 1, name: "holder" }, "a string", given);
        const timeout = (given ?? DEFAULT_SECONDS) * 1000;
        const grant = locking.acquire(callee, name, { ttl: LEASE_MS, timeout, kind: "renewed" });
        return chain(grant, (taken) => taken !== undefined);
      }
      if (seconds === undefined)
        throw wrongArgument(
          callee,
          { index: 2, name: "seconds" },
          "a number of seconds, above zero",
          seconds,
        );
      const ttl = seconds * 1000;
      const grant = locking.acquire(callee, name, { holder: given, ttl, timeout: ttl, kind: "lease" });
      return chain(grant, (taken) => (taken === undefined ? timedOut(locking.locks, name, ttl) : true));
    },
  }),
  unlock: define({
    description: "Releases a lock, of this task or of a holder; false when this caller does not hold it.",
    args: (z) => ({ name: z.string(), holder: z.optional(z.string()) }),
    returns: "boolean",
    example: 'state.lock("job")  assert(state.unlock("job"))',
    run: ({ name, holder }, place) => lockingOf(place).unlock(name, holder),
  }),
  with_lock: define({
    description:
      "Runs a function under a lock, always releases it, and returns what the function returns. Writes from inside are refused (`lock_lost`) once the lock is lost; when it is not to be had in time (30 s), an error with code `lock_timeout` comes. Also with_lock(name, holder, seconds, fn).",
    args: (z) => ({
      name: z.string(),
      fn_or_holder: z.either(z.fn(), z.string()),
      timeout_or_seconds: z.optional(z.seconds("zero or more")),
      fn: z.optional(z.fn()),
    }),
    returns: "any ...",
    example: 'assert(state.with_lock("job", function() return 5 end) == 5)',
    run({ name, fn_or_holder: first, timeout_or_seconds: time, fn }, place) {
      const locking = lockingOf(place);
      const wanted = typeof first === "string" ? labelled(place, first, time, fn) : bound(time);
      return chain(locking.enter(`${place.name}.with_lock`, name, wanted), (scope) =>
        scope === undefined ? timedOut(locking.locks, name, wanted.timeout) : scope,
      );
    },
  }),
  is_locked: define({
    description: "Whether a lock is held, by whom, and for how many seconds yet.",
    args: (z) => ({ name: z.string() }),
    returns: ["boolean", "string? holder", "number? seconds"],
    example: 'assert(state.is_locked("nobody") == false)',
    effect: false,
    run: ({ name }, place) =>
      chain(lockingOf(place).locks.inspect(name), (held) =>
        held === undefined
          ? false
          : // In a store of this process alone a lease has no end: it is as one that was renewed just now.
            new Results([true, held.holder, held.secondsLeft ?? LEASE_MS / 1000]),
      ),
  }),
};

/** What with_lock(name, fn, timeout?) asks for. */
function bound(seconds: number | undefined): Wanted {
  return { ttl: LEASE_MS, timeout: (seconds ?? DEFAULT_SECONDS) * 1000, kind: "scope" };
}

/** What with_lock(name, holder, seconds, fn) asks for. */
function labelled(place: Place, holder: string, seconds: number | undefined, fn: unknown): Wanted {
  const callee = `${place.name}.with_lock`;
  if (!seconds)
    throw wrongArgument(callee, { index: 2, name: "seconds" }, "a number of seconds, above zero", seconds);
  if (fn === undefined) throw wrongArgument(callee, { index: 3, name: "fn" }, "a function", fn);
  const ttl = seconds * 1000;
  return { holder, ttl, timeout: ttl, kind: "scope" };
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
