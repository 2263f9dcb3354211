import type { Encoded, Ref, Write } from "../backends/backend.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import { failpoint } from "../lib/failpoint.ts";
import { printTogether } from "../lib/stdio.ts";
import type { Store } from "../state/store.ts";

/** Entries of one commit at most: a failure may skip a hundred thousand tasks. */
const BATCH = 1000;
/** How long after it was kept out by another process a store counts as one that has to be waited for, in ms. */
const CONTENDED_MS = 1000;

interface Noted {
  readonly ref: Ref;
  readonly put: () => Encoded;
}

/** What was noted and does not last yet, and what is to be told when it does. A commit that failed is the last one. */
export class Pending {
  readonly #noted = new Map<string, Noted>();
  readonly #untold: (() => void)[] = [];
  /** The commit that has to wait for another process, and what it has not written yet. */
  #underWay: Promise<void> | undefined;
  #waiting: readonly Noted[] = [];
  #waitedAt = Number.NEGATIVE_INFINITY;
  #failure: { readonly error: unknown } | undefined;

  /** `complete` notes what comes with a commit; called before each. */
  constructor(
    private readonly store: Store,
    private readonly complete: () => void,
  ) {}

  note(ref: Ref, put: () => Encoded): void {
    this.#noted.set(idOf(ref), { ref, put });
  }

  /** Whether nothing was noted that does not last yet, and nothing is to be told. */
  get isEmpty(): boolean {
    return (
      this.#noted.size === 0 &&
      this.#underWay === undefined &&
      this.#untold.length === 0 &&
      this.#failure === undefined
    );
  }

  /** Calls `event` when all that has been noted by now lasts, in the order of these calls. */
  tell(event: () => void): void {
    this.#untold.push(event);
  }

  /** Whether the store can commit before it returns. */
  get hasCommitNow(): boolean {
    return this.store.backend.updateNow !== undefined;
  }

  /** Whether it can, and will most likely not have to sleep. */
  get canCommitNow(): boolean {
    if (!this.hasCommitNow) return false;
    // Far in the past for all who never had to wait: they pay for no clock.
    return this.#waitedAt < 0 || performance.now() - this.#waitedAt > CONTENDED_MS;
  }

  /** Makes all that was noted last: at once where the store answers at once. */
  commit(): Awaitable<void> {
    if (this.#underWay !== undefined) return this.#underWay.then(() => this.commit());
    this.#check();
    const done = this.#remembering(() => this.#commitAll());
    if (!(done instanceof Promise)) return;
    this.#waitedAt = performance.now();
    this.#underWay = this.#following(done);
    return this.#underWay;
  }

  /** As `commit`, before it returns: this thread sleeps while another process is writing. */
  commitNow(): void {
    const { backend, writer } = this.store;
    if (backend.updateNow === undefined) throw new TypeError(`the backend ${backend.name} has no updateNow`);
    this.#check();
    this.#remembering(() => {
      // What waits for another process is written again, if it gets through at all: nobody knows yet how that ends.
      for (let batch = [...this.#waiting, ...this.#take()]; batch.length > 0; batch = this.#take()) {
        const { refs, change } = updateOf(latest(batch));
        failpoint("journal.before");
        backend.updateNow?.(refs, change, writer);
        failpoint("journal.after");
      }
    });
    this.#tellAll();
  }

  async #following(commit: Promise<void>): Promise<void> {
    try {
      await commit;
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    } finally {
      this.#underWay = undefined;
      this.#waiting = [];
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #remembering<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  #commitAll(): Awaitable<void> {
    const batch = this.#take();
    if (batch.length === 0) return this.#tellAll();
    const { refs, change } = updateOf(batch);
    failpoint("journal.before");
    this.#waiting = batch;
    return chain(this.store.backend.update(refs, change, this.store.writer), () => {
      this.#waiting = [];
      failpoint("journal.after");
      return this.#commitAll();
    });
  }

  #take(): Noted[] {
    this.complete();
    const batch = [...this.#noted.values()];
    if (batch.length <= BATCH) {
      this.#noted.clear();
      return batch;
    }
    const first = [...this.#noted].slice(0, BATCH);
    for (const [id] of first) this.#noted.delete(id);
    return first.map(([, noted]) => noted);
  }

  #tellAll(): void {
    if (this.#untold.length > 1) printTogether(() => this.#tellEach());
    else this.#tellEach();
  }

  #tellEach(): void {
    // What is told may end this process, which tells the rest.
    for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift()) event();
  }
}

/** The last of those that say something of the same entry. */
function latest(batch: readonly Noted[]): Noted[] {
  return [...new Map(batch.map((noted) => [idOf(noted.ref), noted])).values()];
}

function idOf({ space, key }: Ref): string {
  return `${space} ${key}`;
}

function updateOf(batch: readonly Noted[]) {
  const writes = batch.map(({ put }): Write => ({ put: put(), expires: "never" }));
  return { refs: batch.map(({ ref }) => ref), change: () => ({ result: undefined, writes }) };
}
