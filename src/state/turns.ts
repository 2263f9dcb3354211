import type { Guard } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import type { Companion } from "./locks/companions.ts";
import type { Grant, Locks, Request } from "./locks/locks.ts";
import type { Store } from "./store.ts";

/** How long a turn outlasts a process that was stopped or whose machine died, in ms. */
const LEASE_MS = 30_000;
/** How often whoever waits looks whether the one at work still lives, in ms. */
const LOOK_MS = 200;
/** Longer than any key that a lock is named after as it is, in characters. */
const LONGEST_KEY = 300;

/** The right of one caller to make what all others with the same key wait for. */
export interface Turn {
  /** The store whose writes are refused once the turn was lost. */
  readonly store: Store;
  end(): Awaitable<void>;
}

/** What is wanted: something that is there already, or else the turn to make it. */
export interface Wanted<T extends object> {
  /** Keeps apart what has nothing to do with each other. */
  readonly kind: "once" | "cache";
  readonly key: string;
  readonly store: Store;
  readonly find: () => Awaitable<T | undefined>;
}

/** What `find` found, or the turn to make it. */
export type Outcome<T> = { readonly found: T } | { readonly turn: Turn };

interface Waiting {
  readonly task: string | undefined;
  abandoned: boolean;
  pause: AbortController;
}

/**
 * Lets one caller at a time make what is not there yet, across processes, while the others wait for it. They stand in no
 * queue: when it is made, all of them go on at once.
 */
export class Turns implements Companion {
  readonly #waiting = new Set<Waiting>();
  /** What callers of this process make: a lock nests for its task, whose coroutines are callers of their own. */
  readonly #making = new Map<string, string | undefined>();

  /** Without locks, as within a transaction, whose end decides who was first, nobody waits. */
  constructor(private readonly locks?: Locks) {
    locks?.alongside(this);
  }

  /** What `find` finds, or the turn to make it. */
  findOrTake<T extends object>(wanted: Wanted<T>): Awaitable<Outcome<T>> {
    const first = this.attempt(wanted);
    return first === undefined || first instanceof Promise ? this.#wait(wanted, first) : first;
  }

  releaseTask(task?: string): void {
    for (const [name, maker] of this.#making) if (maker === task) this.#making.delete(name);
    for (const waiting of this.#waiting) if (waiting.task === task) abandon(waiting);
  }

  close(): void {
    for (const waiting of this.#waiting) abandon(waiting);
  }

  /** The same for whoever cannot wait: undefined while another is at work. */
  attempt<T extends object>(wanted: Wanted<T>): Awaitable<Outcome<T> | undefined> {
    const { find, store } = wanted;
    return chain(find(), (found) => {
      if (found !== undefined) return { found };
      if (this.locks === undefined) return { turn: { store, end: () => undefined } };
      return this.#take(wanted, this.locks);
    });
  }

  #take<T extends object>(
    { kind, key, store, find }: Wanted<T>,
    locks: Locks,
  ): Awaitable<Outcome<T> | undefined> {
    const { task } = store.writer;
    const name = lockName(kind, key);
    if (this.#making.has(name)) return undefined;
    this.#making.set(name, task);
    const request = { name, ttl: LEASE_MS, timeout: 0, kind: "scope" } as const;
    return chain(this.#acquire({ ...request, ...(task !== undefined && { task }) }, locks), (grant) => {
      if (grant === undefined) {
        this.#making.delete(name);
        return undefined;
      }
      const turn = this.#turnUnder(grant, store, locks);
      // Somebody may have made it between the look and the lock.
      return chain(find(), (found) =>
        found === undefined ? { turn } : chain(turn.end(), () => ({ found })),
      );
    });
  }

  #acquire(request: Request, locks: Locks): Awaitable<Grant | undefined> {
    const forget = (error: unknown) => {
      this.#making.delete(request.name);
      throw error;
    };
    try {
      const grant = locks.acquire(request);
      return grant instanceof Promise ? grant.catch(forget) : grant;
    } catch (error) {
      return forget(error);
    }
  }

  #turnUnder(grant: Grant, store: Store, locks: Locks): Turn {
    const mine = locks.guard([grant]);
    return {
      store: store.with({ guard: store.guard === undefined ? mine : both(store.guard, mine) }),
      end: () => {
        this.#making.delete(grant.name);
        return chain(locks.release(grant, store.writer.task), () => undefined);
      },
    };
  }

  async #wait<T extends object>(
    wanted: Wanted<T>,
    first: Awaitable<Outcome<T> | undefined>,
  ): Promise<Outcome<T>> {
    const { backend, writer } = wanted.store;
    const waiting: Waiting = { task: writer.task, abandoned: false, pause: new AbortController() };
    this.#waiting.add(waiting);
    const begin = performance.now();
    try {
      let outcome = await first;
      while (outcome === undefined && !waiting.abandoned) {
        waiting.pause = new AbortController();
        // Before the look, so that no change falls between the two.
        const changed = backend.wait(waiting.pause.signal);
        outcome = await this.#look(wanted);
        if (outcome !== undefined || waiting.abandoned) break;
        const timer = setTimeout(() => waiting.pause.abort(), LOOK_MS * (0.5 + Math.random()));
        await changed;
        clearTimeout(timer);
      }
      if (outcome !== undefined && !waiting.abandoned) return outcome;
      if (outcome !== undefined && "turn" in outcome) await outcome.turn.end();
    } finally {
      wanted.store.calls.lockWaitMs += performance.now() - begin;
      waiting.pause.abort();
      this.#waiting.delete(waiting);
    }
    // Its coroutine belongs to a task that has ended: it must not go on.
    return new Promise<never>(() => undefined);
  }

  /** Reads alone first: were all to reach for the lock, whoever works under it would hardly get to write. */
  async #look<T extends object>(wanted: Wanted<T>): Promise<Outcome<T> | undefined> {
    const found = await wanted.find();
    if (found !== undefined) return { found };
    const held = await this.locks?.inspect(lockName(wanted.kind, wanted.key));
    return held === undefined ? this.attempt(wanted) : undefined;
  }
}

function abandon(waiting: Waiting): void {
  waiting.abandoned = true;
  waiting.pause.abort();
}

/** A guard that holds when two of them do. */
function both(one: Guard, other: Guard): Guard {
  const own = one.refs.length;
  return {
    refs: [...one.refs, ...other.refs],
    check(entries, now) {
      one.check(entries.slice(0, own), now);
      other.check(entries.slice(own), now);
    },
  };
}

/** A name that no script gives to a lock of its own by accident. */
function lockName(kind: string, key: string): string {
  if (key.length <= LONGEST_KEY) return `\u0001${kind}\u0001${key}`;
  return `\u0001${kind}\u0001${new Bun.CryptoHasher("sha256").update(key).digest("hex")}`;
}
