/** What scripts hold open, by the numbers that they know it by. */
export class Held<T> {
  readonly #held = new Map<number, T>();
  #last = 0;

  /** @param missing the error for a number that stands for nothing any more. */
  constructor(private readonly missing: () => Error) {}

  add(item: T): number {
    this.#held.set(++this.#last, item);
    return this.#last;
  }

  get(number: unknown): T {
    const item = this.#held.get(Number(number));
    if (item === undefined) throw this.missing();
    return item;
  }

  /** Gives it and lets it go; undefined when it is gone already. */
  take(number: unknown): T | undefined {
    const item = this.#held.get(Number(number));
    this.#held.delete(Number(number));
    return item;
  }
}
