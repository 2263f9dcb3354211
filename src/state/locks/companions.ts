import { type Awaitable, chain } from "../../lib/awaitable.ts";

/** What ends with the tasks of a run and with the run. */
export interface Companion {
  releaseTask(task?: string): Awaitable<void>;
  close(): Awaitable<void>;
}

/** Companions as one; they are told in the order in which they came. */
export class Companions implements Companion {
  readonly #all: Companion[] = [];

  add(companion: Companion): void {
    this.#all.push(companion);
  }

  releaseTask(task?: string): Awaitable<void> {
    return this.#tell((companion) => companion.releaseTask(task));
  }

  close(): Awaitable<void> {
    return this.#tell((companion) => companion.close());
  }

  #tell(say: (companion: Companion) => Awaitable<void>): Awaitable<void> {
    return this.#all.reduce<Awaitable<void>>(
      (told, companion) => chain(told, () => say(companion)),
      undefined,
    );
  }
}
