import type { Awaitable } from "../../lib/awaitable.ts";

/** A lease that is to be kept alive. */
export interface Renewable {
  readonly name: string;
  /** The acquisition. */
  readonly id: string;
  /** How long it lasts from each renewal, in ms. */
  readonly ttl: number;
}

/** Keeps leases alive until they are dropped. */
export interface Renewal {
  hold(lease: Renewable): void;
  drop(id: string): void;
  close(): void;
}

/** Renews a lease; false when it has been lost. */
export type Renew = (lease: Renewable) => Awaitable<boolean>;

/** Renewals in a lease's time: two may fail before it is lost. */
const RENEWALS = 3;

/** Renews by timers of this thread, as long as its event loop turns. They do not keep the process alive. */
export class TimedRenewal implements Renewal {
  readonly #timers = new Map<string, Timer>();

  constructor(private readonly renew: Renew) {}

  hold(lease: Renewable): void {
    if (this.#timers.has(lease.id) || !Number.isFinite(lease.ttl)) return;
    const timer = setInterval(() => this.#renew(lease), lease.ttl / RENEWALS);
    timer.unref();
    this.#timers.set(lease.id, timer);
  }

  drop(id: string): void {
    clearInterval(this.#timers.get(id));
    this.#timers.delete(id);
  }

  close(): void {
    for (const id of [...this.#timers.keys()]) this.drop(id);
  }

  async #renew(lease: Renewable): Promise<void> {
    try {
      if (!(await this.renew(lease))) this.drop(lease.id);
    } catch {
      // The next one may succeed; when none does, the lease runs out and the writes under it are refused.
    }
  }
}
