import type { Writer } from "../../backends/backend.ts";
import type { Renewable, Renewal } from "./renewal.ts";

/** What the thread is told first: how it opens the store, and who renews. */
export interface RenewalStore<D = unknown> {
  readonly description: D;
  readonly writer: Writer;
}

/** What the thread is told from then on. */
export type RenewalMessage<D = unknown> =
  | { readonly open: RenewalStore<D> }
  | { readonly hold: Renewable }
  | { readonly drop: string }
  | { readonly close: true };

/**
 * Renews in a thread of its own, with its own connection: a script that computes without ever waiting keeps this
 * one busy for longer than a lease. The thread starts with the first lease, because nobody could start it once the
 * script computes. It does not keep the process alive, and stops and ends with it.
 */
export class ThreadedRenewal implements Renewal {
  readonly #held = new Map<string, Renewable>();
  #worker: Worker | undefined;
  #failed = false;

  /**
   * @param program what the thread runs: it calls `serveRenewals`.
   * @param spare renews where no thread can be started.
   */
  constructor(
    private readonly program: URL,
    private readonly store: RenewalStore,
    private readonly spare: Renewal,
  ) {}

  hold(lease: Renewable): void {
    if (!Number.isFinite(lease.ttl) || this.#held.has(lease.id)) return;
    this.#held.set(lease.id, lease);
    if (this.#failed) this.spare.hold(lease);
    else {
      this.#worker ??= this.#start();
      this.#tell({ hold: lease });
    }
  }

  drop(id: string): void {
    if (!this.#held.delete(id)) return;
    this.#tell({ drop: id });
    this.spare.drop(id);
  }

  close(): void {
    // Not terminated: that could cut a transaction in two, and whoever writes next would wait for its other half.
    this.#tell({ close: true });
    this.spare.close();
    this.#held.clear();
  }

  #start(): Worker {
    const worker = new Worker(this.program, { ref: false });
    worker.addEventListener("error", () => {
      this.#failed = true;
      this.#worker = undefined;
      for (const lease of this.#held.values()) this.spare.hold(lease);
    });
    worker.postMessage({ open: this.store } satisfies RenewalMessage);
    return worker;
  }

  #tell(message: RenewalMessage): void {
    this.#worker?.postMessage(message);
  }
}
