import type { Backend } from "../backends/backend.ts";
import { Store } from "../state/store.ts";

/** A backend under test. */
export interface Subject {
  /** As the backend calls itself in its `stats()`. */
  readonly name: string;
  /** A fresh, empty backend on the given clock (ms since the epoch), and what undoes it. */
  open(now: () => number): Promise<{ backend: Backend; dispose(): Promise<void> }>;
}

/** A clock that only moves when told. */
export class Clock {
  /** Milliseconds since the epoch. */
  time = Date.UTC(2026, 0, 1);
  readonly now = () => this.time;

  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}

export const WRITER = { host: "web1", user: "deploy", pid: 4121, run: "8f2k", task: "switch" };

export interface Fixture extends AsyncDisposable {
  readonly store: Store;
  readonly backend: Backend;
  readonly clock: Clock;
}

/** A store on a fresh backend, gone at the end of the block: `await using t = await open(subject)`. */
export async function open(subject: Subject, options: { maxValueBytes?: number } = {}): Promise<Fixture> {
  const clock = new Clock();
  const { backend, dispose } = await subject.open(clock.now);
  const store = new Store(backend, { writer: WRITER, ...options });
  return { store, backend, clock, [Symbol.asyncDispose]: dispose };
}

/** What a call raised, with its code; fails the test when it raised nothing. */
export async function failure(call: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Error && "code" in error)
      return { code: String(error.code), message: error.message };
    throw error;
  }
  throw new Error("expected an error, got none");
}
