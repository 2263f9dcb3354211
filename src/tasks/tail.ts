/** Characters of a task's output that are kept for the journal and for the report of its failure. */
const KEPT = 4096;

/** The end of what a task has written. */
export class Tail {
  #text = "";
  readonly #decoder = new TextDecoder();

  add(output: string | Uint8Array): void {
    const text = typeof output === "string" ? output : this.#decoder.decode(output, { stream: true });
    this.#text = (this.#text + text).slice(-KEPT);
  }

  get text(): string {
    return this.#text;
  }
}

/** The ends of the outputs of all tasks under way, by task. */
export class Tails {
  readonly #tails = new Map<string, Tail>();

  add(task: string | undefined, output: string | Uint8Array): void {
    if (task === undefined) return;
    const tail = this.#tails.get(task) ?? new Tail();
    this.#tails.set(task, tail);
    tail.add(output);
  }

  /** What is kept of a task's output, and forgets it; undefined when there was none. */
  take(task: string): string | undefined {
    const text = this.#tails.get(task)?.text;
    this.#tails.delete(task);
    return text;
  }
}
