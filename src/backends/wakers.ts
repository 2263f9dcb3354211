/** Those who wait for the next commit: `Backend.wait` for backends that can tell when there was one. */
export class Wakers {
  readonly #waiting = new Set<() => void>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves at the next `wake`, or when the signal is aborted. */
  add(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /** Wakes all who wait now. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
