import type { Awaitable } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Locks } from "../../state/locks/locks.ts";
import type { Store } from "../../state/store.ts";
import type { Tries } from "../../state/transaction.ts";
import { type Turn, Turns } from "../../state/turns.ts";
import { writerOf } from "../../state/writer.ts";
import type { CallContext, CurrentContext } from "../context.ts";
import { Held } from "../held.ts";
import type { Secrets } from "../secrets.ts";
import { Locking } from "./locking.ts";

/** A store with its locks. */
export interface LockedStore {
  readonly store: Store;
  readonly locks: Locks;
}

/** What `state` gets from a run. */
export interface ScriptsHost {
  readonly current: CurrentContext;
  /** Whether the call that is under way may wait: it must not begin to where Lua cannot suspend its caller. */
  readonly canWait: () => boolean;
  /** The store of another agent, opened once; whoever gave it closes it. Raises `bad_argument` for a bad name. */
  readonly openAgent: (name: string) => Awaitable<LockedStore>;
  /** Told of what scripts read. */
  readonly secrets: Secrets;
  /** Told of an error that a function of a script raised when nobody waited for it. */
  readonly report: (error: unknown) => void;
}

/** A transaction that is under way. */
export interface Running {
  readonly tries: Tries;
  readonly place: Place;
  readonly store: Store;
  /** The place of the try under way. */
  view?: number;
}

/** What the scripts of one run hold open in stores, by the numbers that state.lua knows it by. */
export class Scripts {
  readonly places = new Held<Place>(() => {
    const text = "Cannot use tx: its transaction has ended. Use it only inside of the function that got it.";
    return new RunnerError("bad_argument", text);
  });
  readonly turns = new Held<Turn>(missing);
  readonly running = new Held<Running>(missing);
  readonly agents = new Map<string, number>();

  constructor(readonly host: ScriptsHost) {}
}

/** A store that scripts can call, and what belongs to it. */
export interface Place {
  /** As messages call it: `state`, `State`, `tx`. */
  readonly name: string;
  readonly scripts: Scripts;
  /** Absent in a transaction. */
  readonly locking?: Locking;
  /** Who makes what `once` and `cache` lack. */
  readonly turns: Turns;
  /** Aborted at the end of the run. */
  readonly ended: AbortSignal;
  /** The store for the call that is under way: under the name of its task or workflow, and its locks. */
  store(): Store;
}

/** A place of its own: the state of a run, of another agent, or of the session. */
export function createPlace(name: string, { store: base, locks }: LockedStore, scripts: Scripts): Place {
  const { current, canWait } = scripts.host;
  const named = new WeakMap<CallContext, { readonly from: Store; readonly store: Store }>();
  const store = () => {
    const context = current();
    const from = context.fenced?.get(base) ?? base;
    const who = context.task ?? context.group;
    if (who === undefined) return from;
    const known = named.get(context);
    if (known?.from === from) return known.store;
    const made = from.with({ writer: writerOf(from.writer, who) });
    named.set(context, { from, store: made });
    return made;
  };
  const end = new AbortController();
  locks.alongside({ releaseTask: () => undefined, close: () => end.abort() });
  const locking = new Locking(locks, base, { current, canWait });
  return { name, scripts, locking, turns: new Turns(locks), ended: end.signal, store };
}

/** A transaction of a place; its store is the same for all calls. */
export function createTransactionPlace(store: Store, { scripts, ended }: Place): Place {
  return { name: "tx", scripts, turns: new Turns(), ended, store: () => store };
}

/** The locks of a place; state.lua does not let a transaction ask for them. */
export function lockingOf({ locking }: Place): Locking {
  if (locking === undefined) throw missing();
  return locking;
}

function missing(): RunnerError {
  return new RunnerError("bug", "state.lua holds nothing under this number");
}
