import { RunnerError } from "../lib/errors.ts";
import { startTimer } from "../lib/timer.ts";

/**
 * A time within which something has to end; those inside of it end with it. For waiting there is the signal, for
 * computing `check`, which is asked now and then.
 */
export class TimeLimit implements Disposable {
  readonly #controller = new AbortController();
  readonly #deadline: number;
  readonly #parent: TimeLimit | undefined;
  readonly #what: string;
  readonly #callOff: () => void;
  readonly #onParent = () => this.#controller.abort(this.#parent?.signal.reason);

  /** `what` begins the message of the error that ends it; `ms` counts from now. */
  constructor(
    what: string,
    private readonly ms: number,
    parent?: TimeLimit,
  ) {
    this.#what = what;
    this.#parent = parent;
    this.#deadline = performance.now() + ms;
    this.#callOff = startTimer(ms, () => this.check());
    if (parent?.signal.aborted) this.#onParent();
    else parent?.signal.addEventListener("abort", this.#onParent);
  }

  /** Aborted with a `timeout` error when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Looks whether the time is over. */
  readonly check = (): void => {
    this.#parent?.check();
    if (this.signal.aborted || performance.now() < this.#deadline) return;
    this.#controller.abort(new RunnerError("timeout", `${this.#what} ${this.ms / 1000} s`));
  };

  [Symbol.dispose](): void {
    this.#callOff();
    this.#parent?.signal.removeEventListener("abort", this.#onParent);
  }
}

/** Milliseconds until the next attempt: the delay grows with each, is 30 s at most, and is shortened at random. */
export function retryDelay(
  attempt: number,
  {
    first = 1000,
    backoff = 2,
  }: { first?: number | undefined; backoff?: number | "linear" | "constant" | undefined },
  random: number,
): number {
  const growth = backoff === "constant" ? 1 : backoff === "linear" ? attempt : backoff ** (attempt - 1);
  // Between half and all of it, so that many who failed together do not come back together.
  return Math.min(first * growth, MOST_DELAY) * (0.5 + random / 2);
}

const MOST_DELAY = 30_000;
