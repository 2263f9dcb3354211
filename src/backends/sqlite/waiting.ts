import type { Awaitable } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import { isBusy } from "./errors.ts";

/** One attempt that found the database locked, until it gets through or gives up. */
interface Waiter {
  attempt(): void;
  fail(error: unknown): void;
  /** By the monotonic clock, in ms. */
  readonly deadline: number;
}

/**
 * The first pause between two attempts and the longest, in ms, before jitter. Most locks are gone in a moment;
 * where they are not, many who ask often take the time of the one that writes.
 */
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 2;
/** How long after it found the database locked a process counts with others, in ms. */
const CONTENDED_MS = 1000;
/** How long a process that counts with others writes before it lets them in, in ms. */
const TURN_MS = 15;

/**
 * Runs what another connection may keep out for a moment: at once when that works, else again and again, without
 * blocking anything else in this process. SQLite's own busy handler would block, in steps of up to 100 ms.
 *
 * Between the commits of a process that writes without a pause, the lock is free for a few microseconds only: others
 * would find it free by rare luck. So processes that have met take turns.
 */
export class Waiting {
  readonly #queue: Waiter[] = [];
  #retries = 0;
  /** When an attempt last found the database locked, by the monotonic clock in ms. */
  #busyAt = Number.NEGATIVE_INFINITY;
  #turnStartedAt = 0;
  /** Whether those who wait will be called after a pause. */
  #isPausing = false;

  /** `timeout` in ms; `path` is named when it is over. */
  constructor(
    private readonly path: string,
    private readonly timeout: number,
  ) {}

  /** Attempts that found the database locked. */
  get retries(): number {
    return this.#retries;
  }

  /** What `attempt` gives, now or once it gets through; its other errors as they are. Waiters keep their order. */
  run<T>(attempt: () => T): Awaitable<T> {
    const done = this.#atOnce(attempt);
    if (done !== undefined) return done.value;
    return new Promise<T>((resolve, reject) => {
      this.#enqueue({ attempt: () => resolve(attempt()), fail: reject });
      if (!this.#isPausing) this.#pause(FIRST_PAUSE_MS);
    });
  }

  /** As `run`, but this thread sleeps until it is through, and with it those that waited before. */
  runNow<T>(attempt: () => T): T {
    const done = this.#atOnce(attempt);
    if (done !== undefined) return done.value;
    const came: { value?: { readonly is: T }; error?: { readonly is: unknown } } = {};
    this.#enqueue({
      attempt: () => {
        came.value = { is: attempt() };
      },
      fail: (error) => {
        came.error = { is: error };
      },
    });
    for (let pause = FIRST_PAUSE_MS; ; pause = longer(pause)) {
      Bun.sleepSync(jittered(pause));
      this.#attemptAll();
      if (came.value !== undefined) return came.value.is;
      if (came.error !== undefined) throw came.error.is;
    }
  }

  /** Ends all waiting with `error`. */
  stop(error: unknown): void {
    for (const waiter of this.#queue.splice(0)) waiter.fail(error);
  }

  /** Undefined when the database is locked, or it is not our turn. */
  #atOnce<T>(attempt: () => T): { readonly value: T } | undefined {
    if (this.#queue.length > 0 || this.#isTurnOver()) return undefined;
    try {
      return { value: attempt() };
    } catch (error) {
      if (!isBusy(error)) throw error;
      this.#countBusy();
      return undefined;
    }
  }

  #enqueue(waiter: Pick<Waiter, "attempt" | "fail">): void {
    this.#queue.push({ ...waiter, deadline: performance.now() + this.timeout });
  }

  #isTurnOver(): boolean {
    // Far in the past for all who never met anyone: they pay for no clock.
    if (this.#busyAt < 0) return false;
    const now = performance.now();
    if (now - this.#busyAt < CONTENDED_MS) return now - this.#turnStartedAt > TURN_MS;
    this.#busyAt = Number.NEGATIVE_INFINITY;
    return false;
  }

  #countBusy(): void {
    this.#retries++;
    this.#busyAt = performance.now();
  }

  #pause(length: number): void {
    this.#isPausing = true;
    setTimeout(() => this.#drain(length), jittered(length));
  }

  #drain(pause: number): void {
    this.#isPausing = false;
    this.#attemptAll();
    if (this.#queue.length > 0) this.#pause(longer(pause));
  }

  /** Lets those who wait try, in their order, until one finds the database locked. */
  #attemptAll(): void {
    this.#turnStartedAt = performance.now();
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      try {
        next.attempt();
      } catch (error) {
        if (isBusy(error)) {
          this.#countBusy();
          if (performance.now() < next.deadline) return;
          next.fail(this.#timeout(error));
        } else next.fail(error);
      }
      this.#queue.shift();
    }
  }

  #timeout(cause: unknown): RunnerError {
    const seconds = this.timeout / 1000;
    const why = `another process has had it locked for ${seconds} s`;
    return new RunnerError(
      "unavailable",
      `Cannot use "${this.path}": ${why}. Try again, or raise state.busy_timeout.`,
      { cause },
    );
  }
}

function jittered(pause: number): number {
  return pause * (0.5 + Math.random());
}

function longer(pause: number): number {
  return Math.min(pause * 1.5, LONGEST_PAUSE_MS);
}
