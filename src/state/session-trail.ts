import type { Entry, Write } from "../backends/backend.ts";

/** Steps of one key that are kept apart at most: then they count as one, by whoever came last. */
const MOST_STEPS = 4096;

/** One write to a key. */
export interface Step {
  /** Whose it is. */
  readonly task: string | undefined;
  /** What it found. */
  readonly found: Entry | undefined;
  /** What it decides for another entry than it found; undefined when it would not write then. */
  readonly decide: (entry: Entry | undefined) => Write | undefined;
  /** What it left. */
  readonly left: Entry | undefined;
}

interface Kept extends Step {
  settled: boolean;
}

/**
 * The writes to one key by tasks that have not ended: what the key would be without those that did not succeed. A write
 * that follows from what it finds, as to increment or to append does, is decided again without theirs; of what a script
 * has read, computed and set, the last value counts.
 */
export class Trail {
  #steps: Kept[] = [];
  /** What the key was before them, by what has succeeded. */
  #base: Entry | undefined;
  /** Whether the key itself shows what counts for nothing. */
  #differs = false;

  add(step: Step): void {
    if (this.#steps.length === 0 && !this.#differs) this.#base = step.found;
    const kept = { ...step, settled: step.task === undefined };
    const [first] = this.#steps;
    // What one task alone has done, before anybody else, comes to the same whether it is done again or not.
    const alone = !this.#differs && this.#steps.length === 1 && first?.task === step.task;
    if (alone || this.#steps.length >= MOST_STEPS)
      this.#steps = [{ ...kept, decide: () => writeOf(step.left) }];
    else this.#steps.push(kept);
    this.#fold();
  }

  /** The task has succeeded: what the key is by what has succeeded until now. */
  settle(task: string): Entry | undefined {
    for (const step of this.#steps) if (step.task === task) step.settled = true;
    this.#fold();
    return this.#steps.filter(({ settled }) => settled).reduce(follow, this.#base);
  }

  /** The task has failed: what it did counts for nothing. */
  drop(task: string): void {
    this.#differs = true;
    this.#steps = this.#steps.filter((step) => step.task !== task);
    this.#fold();
  }

  #fold(): void {
    for (let [first] = this.#steps; first?.settled; [first] = this.#steps) {
      this.#base = follow(this.#base, first);
      this.#steps.shift();
    }
  }
}

function follow(entry: Entry | undefined, { decide, left }: Step): Entry | undefined {
  const write = decideOrFail(decide, entry) ?? writeOf(left);
  if ("delete" in write || left === undefined) return undefined;
  const { expiresAt: _, ...rest } = left;
  const expiresAt =
    write.expires === "keep" ? entry?.expiresAt : write.expires === "never" ? undefined : write.expires;
  return { ...rest, value: write.put, ...(expiresAt !== undefined && { expiresAt }) };
}

function decideOrFail(decide: Step["decide"], entry: Entry | undefined): Write | undefined {
  try {
    return decide(entry);
  } catch {
    // It cannot be done to what is there without the others, such as to increment a text.
    return undefined;
  }
}

function writeOf(entry: Entry | undefined): Write {
  if (entry === undefined) return { delete: true };
  return { put: entry.value, expires: entry.expiresAt ?? "never" };
}
