import type { Backend } from "../backends/backend.ts";
import { describe, expect, test } from "./harness.ts";
import { open, type Subject, WRITER } from "./subject.ts";

/** Whether `wait` comes back for what `act` does; told by the event loop alone, without looking at a clock. */
async function wakes(backend: Backend, act: () => unknown): Promise<boolean> {
  const given = new AbortController();
  let woken = false;
  const waiting = backend.wait(given.signal).then(() => {
    woken = !given.signal.aborted;
  });
  await act();
  // Own commits wake at once; a few turns of the event loop are all that it may take.
  for (let turn = 0; turn < 5 && !woken; turn++) await new Promise((resolve) => setImmediate(resolve));
  given.abort();
  await waiting;
  return woken;
}

/** Whoever waits for changes wakes for each commit of the same process, and for nothing else. */
export function waitingContract(subject: Subject): void {
  describe(`${subject.name}: wait()`, () => {
    test("comes back for every kind of commit", async () => {
      await using t = await open(subject);
      const { store, backend } = t;
      await store.set("first", 1);
      expect(await wakes(backend, () => store.set("k", 1))).toBe(true);
      expect(await wakes(backend, () => store.delete("k"))).toBe(true);
      expect(await wakes(backend, () => store.clear())).toBe(true);
      await store.set("short", 1, 1);
      t.clock.advance(2);
      expect(await wakes(backend, () => backend.sweep(10, WRITER))).toBe(true);
    });

    test("goes on waiting when nothing was written", async () => {
      await using t = await open(subject);
      const { store, backend } = t;
      await store.set("k", 1);
      expect(await wakes(backend, () => store.delete("absent"))).toBe(false);
      expect(await wakes(backend, () => store.clear("absent*"))).toBe(false);
      expect(await wakes(backend, () => backend.sweep(10, WRITER))).toBe(false);
      expect(await wakes(backend, () => store.get("k"))).toBe(false);
    });

    test("comes back when its signal is aborted", async () => {
      await using t = await open(subject);
      const given = new AbortController();
      const waiting = t.backend.wait(given.signal);
      given.abort();
      expect(await waiting).toBeUndefined();
    });
  });
}
