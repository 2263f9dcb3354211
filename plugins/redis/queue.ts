/** Lets work on the same things go one after the other, in the order in which it came. */
export class Queue {
  readonly #last = new Map<string, Promise<void>>();

  /** Does `work` once all earlier work that has to do with any of `ids` has ended. */
  async run<R>(ids: readonly string[], work: () => Promise<R>): Promise<R> {
    const before = new Set(ids.flatMap((id) => this.#last.get(id) ?? []));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const id of ids) this.#last.set(id, promise);
    try {
      if (before.size > 0) await Promise.all(before);
      return await work();
    } finally {
      for (const id of ids) if (this.#last.get(id) === promise) this.#last.delete(id);
      resolve();
    }
  }
}
