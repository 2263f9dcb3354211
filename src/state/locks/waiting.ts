import type { Backend } from "../../backends/backend.ts";
import type { Answer, Claim } from "./decide.ts";
import { LISTENERS } from "./queue.ts";

/** How often whoever is among the next looks whether the holder still lives, in ms. */
const LOOK_MS = 200;
/** How often the others look at least, in ms. */
const LONGEST_PAUSE_MS = 500;

export interface WaitOptions {
  readonly backend: Backend;
  /** Takes the lock if it is to be had by now. */
  readonly look: () => Promise<Answer>;
  /** How long to wait, in ms. */
  readonly timeout: number;
  /** How many came before. */
  readonly ahead: number;
}

/** One who stands in the queue of a lock. */
export class Waiting {
  #pause = new AbortController();
  #abandoned = false;

  constructor(
    readonly name: string,
    readonly claim: Claim,
  ) {}

  /** Whether nobody wants to know the outcome any more. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  abandon(): void {
    this.#abandoned = true;
    this.#pause.abort();
  }

  /** The id of the lease once it is ours; undefined when the time is over or this was abandoned before. */
  async untilOurs({ backend, look, timeout, ahead: place }: WaitOptions): Promise<string | undefined> {
    const deadline = performance.now() + timeout;
    let ahead = place;
    try {
      while (!this.#abandoned) {
        const listens = ahead < LISTENERS;
        this.#pause = new AbortController();
        // Before the look, so that no change falls between the two.
        const changed = listens ? backend.wait(this.#pause.signal) : untilAborted(this.#pause.signal);
        const answer = await look();
        if ("id" in answer) return answer.id;
        const now = performance.now();
        if (now >= deadline) return undefined;
        ahead = answer.ahead;
        if (!listens && ahead < LISTENERS) continue;
        const pause = Math.min(answer.lookAgain, listens ? LOOK_MS : LONGEST_PAUSE_MS);
        const timer = setTimeout(() => this.#pause.abort(), Math.max(1, Math.min(deadline - now, pause)));
        await changed;
        clearTimeout(timer);
      }
      return undefined;
    } finally {
      this.#pause.abort();
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
