/** Where in the shared memory the stretch of computing is (0 when there is none), and whether the sentry is there. */
export const STRETCH = 0;
export const READY = 1;

/** What the sentry's thread is told, once. */
export interface SentryOrders {
  readonly shared: SharedArrayBuffer;
  /** Numbers of the signals that this process listens to. */
  readonly signals: readonly number[];
}

/**
 * Gives signals back to the system, which ends the process by them, when this thread has not let them in for a while: a
 * script is inside of a call that nothing can interrupt, and a listener would only keep it from being ended. That takes a
 * thread of its own, which costs some 4 ms.
 */
export class Sentry {
  readonly #shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;
  #stretches = 0;

  /** `onGivenBack`: this thread can hear again, and has to begin to listen anew. */
  constructor(signals: readonly number[], onGivenBack: () => void) {
    this.#worker = new Worker(new URL("./sentry-worker.ts", import.meta.url), { ref: false });
    this.#worker.addEventListener("message", onGivenBack);
    // Where no thread can be had, a signal ends at once what computes.
    this.#worker.addEventListener("error", () => undefined);
    this.#worker.postMessage({ shared: this.#shared.buffer, signals } satisfies SentryOrders);
  }

  /** Whether it watches: from then on, listening keeps nothing from being ended. */
  get isReady(): boolean {
    return Atomics.load(this.#shared, READY) === 1;
  }

  /** A script computes from now on. */
  begin(): void {
    // It comes round after 2^31, and 0 is not among them.
    this.#stretches = (this.#stretches % MOST_STRETCHES) + 1;
    Atomics.store(this.#shared, STRETCH, this.#stretches);
  }

  /** It does not any more, or lets signals in. */
  rest(): void {
    Atomics.store(this.#shared, STRETCH, 0);
  }
}

const MOST_STRETCHES = 2 ** 31 - 1;
