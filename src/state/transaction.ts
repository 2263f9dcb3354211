import type { Backend, Guard, Writer } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import type { Grant, Locks } from "./locks/locks.ts";
import { Overlay } from "./overlay.ts";
import { closeGaps } from "./purge.ts";

/** How often a transaction is tried, the first time included. */
export const MOST_TRIES = 100;
/** After so many losses a transaction goes on under a lock, alone among those who have lost as often. */
const LOSSES_BEFORE_LOCK = 5;
/** That lock: no script can name it by accident. */
export const TRANSACTION_LOCK = "\u0001transaction";
/** How long the lock outlasts a process that was stopped, in ms. */
const LEASE_MS = 30_000;
/** The pause after the first loss and the longest, in ms, before jitter. */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

export interface TransactionOptions {
  readonly writer: Writer;
  /** What must hold when it lands. */
  readonly guard?: Guard | undefined;
  /** For those who keep losing; without it they go on trying. */
  readonly locks?: Locks | undefined;
}

/**
 * The tries of one transaction: `begin` gives what the next one works on; after it, `land` or `isFault` tells whether
 * there has to be another. `close` in any case.
 */
export class Tries {
  #overlay: Overlay | undefined;
  #losses = 0;
  #grant: Grant | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly options: TransactionOptions,
  ) {}

  /** What the next try works on; waits a moment when the last one was lost. */
  begin(): Awaitable<Backend> {
    return chain(this.#losses === 0 ? undefined : this.#pause(), () => {
      this.#overlay = new Overlay(this.backend);
      return this.#overlay.asBackend();
    });
  }

  /** Whether all that the try wrote has landed; else it counts for nothing. Raises `conflict` after the last try. */
  land(): Awaitable<boolean> {
    const { writer, guard } = this.options;
    return chain(this.#overlay?.land(writer, guard) ?? true, (landed) => {
      if (!landed) return this.#lose();
      return this.#overlay?.purges ? chain(closeGaps(this.backend), () => true) : true;
    });
  }

  /**
   * Whether an error that the try raised counts: it does not when what the try had read was of different moments or has
   * changed since. Raises `conflict` after the last try.
   */
  isFault(): Awaitable<boolean> {
    return chain(this.#overlay?.isCurrent(this.options.writer) ?? true, (current) => current || this.#lose());
  }

  close(): Awaitable<void> {
    const { locks, writer } = this.options;
    const grant = this.#grant;
    this.#grant = undefined;
    if (grant === undefined || locks === undefined) return;
    return chain(locks.release(grant, writer.task), () => undefined);
  }

  #lose(): false {
    this.#losses++;
    if (this.#losses < MOST_TRIES) return false;
    throw new RunnerError(
      "conflict",
      `Cannot finish the transaction: in ${MOST_TRIES} tries, others changed each time what it had read. ` +
        "Let it read less, or take a lock around it.",
    );
  }

  async #pause(): Promise<void> {
    const { locks, writer } = this.options;
    const { task } = writer;
    if (locks !== undefined && this.#grant === undefined && this.#losses >= LOSSES_BEFORE_LOCK) {
      const wanted = { name: TRANSACTION_LOCK, ttl: LEASE_MS, timeout: LEASE_MS, kind: "scope" } as const;
      this.#grant = await locks.acquire({ ...wanted, ...(task !== undefined && { task }) });
    }
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#losses, LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, longest * Math.random()));
  }
}

/** Runs `fn` in tries until one lands; its result. Raises what `fn` raises, and `conflict`. */
export async function transact<R>(tries: Tries, fn: (backend: Backend) => Awaitable<R>): Promise<R> {
  try {
    for (;;) {
      const backend = await tries.begin();
      let result: R;
      try {
        result = await fn(backend);
      } catch (error) {
        if (await tries.isFault()) throw error;
        continue;
      }
      if (await tries.land()) return result;
    }
  } finally {
    await tries.close();
  }
}
