import type { Overdue, WatchedRun } from "./watched-run.ts";

/** What has to end by itself, and what the watchdog does when it does not. */
export interface Watched {
  /** What names it to `drop`. */
  readonly id: number;
  /** Milliseconds from now until its time is over. */
  readonly left: number;
  /** What the process says then, whole. */
  readonly message: string;
  readonly exitCode: number;
  /** The run that ends with the process, if there is one. */
  readonly ends?: { readonly run: WatchedRun; readonly overdue: Overdue } | undefined;
}

/** What the watchdog's thread is told. */
export type WatchdogMessage =
  | { readonly pulse: SharedArrayBuffer }
  | { readonly watch: Watched }
  | { readonly drop: number };

/**
 * Ends this process when something has not ended in its time and this thread does not answer any more either: Lua is
 * inside of a call that runs no instruction, as a hostile pattern or a `__gc` can be, and nothing in its own thread can
 * stop that. Its own thread has to be there before, since nobody could start it then. That costs a millisecond here and 4
 * ms in all, so only scripts with a timeout have one. The end is that of a crash: what was written stays, locks are
 * free, and the run can be resumed; but its journal and its events tell what it died of.
 */
export class Watchdog {
  readonly #pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #worker: Worker;
  #last = 0;

  constructor() {
    this.#worker = new Worker(new URL("./watchdog-worker.ts", import.meta.url), { ref: false });
    // It asks whether events still reach this thread.
    this.#worker.addEventListener("message", () => this.beat());
    // Where no thread can be had, what Lua can interrupt still ends in time.
    this.#worker.addEventListener("error", () => undefined);
    this.#tell({ pulse: this.#pulse.buffer });
  }

  /** Watches something from now on; returns its number. */
  watch(watched: Omit<Watched, "id">): number {
    const id = ++this.#last;
    this.#tell({ watch: { ...watched, id } });
    return id;
  }

  drop(id: number): void {
    this.#tell({ drop: id });
  }

  /** A sign of life: this thread can still end what has to end. */
  beat(): void {
    Atomics.add(this.#pulse, 0, 1);
  }

  #tell(message: WatchdogMessage): void {
    this.#worker.postMessage(message);
  }
}
