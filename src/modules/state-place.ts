import { RunnerError } from "../lib/errors.ts";
import type { Locks } from "../state/locks/locks.ts";
import type { Store } from "../state/store.ts";
import { Turns } from "../state/turns.ts";
import { writerOf } from "../state/writer.ts";
import type { CallContext, CurrentContext } from "./context.ts";
import { Held } from "./held.ts";
import { createLockFunctions } from "./locks.ts";
import type { HostFunction } from "./module.ts";

/** A store that scripts can call, and what belongs to it. */
export interface Place {
  /** As messages call it: `state`, `State`, `tx`. */
  readonly name: string;
  /** Absent in a transaction. */
  readonly locks?: Locks;
  readonly lockFunctions: Readonly<Record<string, HostFunction>>;
  /** Leaves a `with_lock`. */
  readonly leave: HostFunction;
  /** Who makes what `once` and `cache` lack. */
  readonly turns: Turns;
  /** Aborted at the end of the run. */
  readonly ended: AbortSignal;
  /** The store for the call that is under way: under its task's name, and its locks. */
  store(): Store;
}

/** The places of a run by the numbers that its scripts know them by. */
export function createPlaces(): Held<Place> {
  const text = "Cannot use tx: its transaction has ended. Use it only inside of the function that got it.";
  return new Held(() => new RunnerError("bad_argument", text));
}

/** A place of its own: the state of a run, of another agent, or of the session. */
export function createPlace(name: string, base: Store, locks: Locks, current: CurrentContext): Place {
  const { functions, leave } = createLockFunctions(locks, base, current);
  const named = new WeakMap<CallContext, { readonly from: Store; readonly store: Store }>();
  const store = () => {
    const context = current();
    const from = context.fenced?.get(base) ?? base;
    if (context.task === undefined) return from;
    const known = named.get(context);
    if (known?.from === from) return known.store;
    const made = from.with({ writer: writerOf(from.writer, context.task) });
    named.set(context, { from, store: made });
    return made;
  };
  const end = new AbortController();
  locks.alongside({ releaseTask: () => undefined, close: () => end.abort() });
  const turns = new Turns(locks);
  return { name, locks, lockFunctions: functions, leave, turns, ended: end.signal, store };
}

/** A transaction of a place; its store is the same for all calls. */
export function createTransactionPlace(store: Store, { ended }: Place): Place {
  const nothing = { lockFunctions: {}, leave: () => undefined };
  return { name: "tx", ...nothing, turns: new Turns(), ended, store: () => store };
}
