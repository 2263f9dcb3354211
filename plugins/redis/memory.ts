import type { Entry, Ref } from "runner";

/** What is remembered of one ref. */
export interface Remembered {
  /** Undefined: there was none. */
  readonly entry: Entry | undefined;
  /** The store's revision by which it was so. */
  readonly asOf: number;
  /** When that was asked, by `performance.now()`; minus infinity: it may be old by now, although nobody said so. */
  readonly at: number;
}

/** Entries that are larger are not worth their place, in characters. */
const LARGEST = 65_536;

/** Entries as they were when this process last saw them; the longest unused go first. */
export class Memory {
  readonly #known = new Map<string, Remembered>();

  /**
   * @param size entries at most.
   * @param isHeard whether whatever changes after a revision will be heard of.
   */
  constructor(
    private readonly size: number,
    private readonly isHeard: (revision: number) => boolean,
  ) {}

  get(ref: Ref): Remembered | undefined {
    const id = idOf(ref);
    const known = this.#known.get(id);
    if (known !== undefined) {
      this.#known.delete(id);
      this.#known.set(id, known);
    }
    return known;
  }

  /** Remembers an entry, or that there is none. */
  set(ref: Ref, entry: Entry | undefined, asOf: number, asked = performance.now()): void {
    const id = idOf(ref);
    this.#known.delete(id);
    const data = entry?.value.data;
    if (data !== undefined && typeof data !== "number" && data.length > LARGEST) return;
    this.#known.set(id, { entry, asOf, at: this.isHeard(asOf) ? asked : Number.NEGATIVE_INFINITY });
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.size && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Forgets what a commit changed. */
  forget(id: string, revision: number): void {
    if ((this.#known.get(id)?.asOf ?? revision) < revision) this.#known.delete(id);
  }

  clear(): void {
    this.#known.clear();
  }
}

/** One text for one ref, as the scripts name it to those who listen. */
export function idOf({ space, key }: Ref): string {
  return `${space} ${key}`;
}
