import { RunnerError } from "../lib/errors.ts";
import type { HostResult } from "../modules/module.ts";

/** What a coroutine waits for, and what became of it. */
export interface Wait {
  readonly id: number;
  /** What it called, for messages. */
  readonly name: string;
  /** Never rejects; when it resolves, the outcome is there. */
  readonly settled: Promise<void>;
  outcome?: { readonly value: HostResult } | { readonly error: unknown };
}

/** The host functions that coroutines wait for, by numbers that C can keep. */
export class Waits {
  readonly #byId = new Map<number, Wait>();
  #last = 0;

  /** How many there are. */
  get size(): number {
    return this.#byId.size;
  }

  get(id: number): Wait | undefined {
    return this.#byId.get(id);
  }

  /** Follows a promise from the start, so that a rejection has its handler even when nobody comes back for it. */
  add(name: string, promise: Promise<HostResult>): Wait {
    const wait: Wait = {
      id: ++this.#last,
      name,
      settled: promise.then(
        (value) => {
          wait.outcome = { value };
        },
        (error) => {
          wait.outcome = { error };
        },
      ),
    };
    this.#byId.set(wait.id, wait);
    return wait;
  }

  /** Nobody will look at its outcome any more. */
  drop(wait: Wait): void {
    this.#byId.delete(wait.id);
  }

  /** What a wait came to, or raises the error; its number is free from then on. */
  take(id: number): HostResult {
    const wait = this.#byId.get(id);
    this.#byId.delete(id);
    // A script can resume its own coroutine early when its wait could not be passed on to the scheduler.
    if (wait?.outcome === undefined) {
      const called = wait?.name ?? "a function";
      throw new RunnerError("bad_argument", `Cannot resume this coroutine yet: it waits for ${called}.`);
    }
    const { outcome } = wait;
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }
}
