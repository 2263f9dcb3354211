/** Choices that a seed repeats: Mulberry32, 32 bits of state, good enough to choose victims and moments. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** A fraction from 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** One of them. Raises when there is none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error("Cannot pick one of nothing.");
    // In range: `integer` stays within both ends.
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** So many bytes. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.integer(0, 255));
  }

  /** A generator of its own, so that what one part of a trial chooses does not depend on another's timing. */
  fork(): Random {
    return new Random(this.integer(0, 2 ** 32 - 1));
  }
}
