import { describe, expect, test } from "bun:test";
import { MemoryBackend } from "../../src/backends/memory.ts";
import { WRITER } from "../../src/contract/subject.ts";
import { openLocks } from "../../src/state/locks/open.ts";
import { Store } from "../../src/state/store.ts";
import { Turns } from "../../src/state/turns.ts";

function setUp() {
  const store = new Store(new MemoryBackend(), { writer: WRITER });
  const locks = openLocks(store);
  const find = async () => {
    const value = await store.get("k");
    return value === undefined ? undefined : { value };
  };
  return { store, locks, turns: new Turns(locks), wanted: { kind: "cache", key: "k", store, find } as const };
}

describe("Turns", () => {
  test("callers of one task wait for each other too, and then find what was made", async () => {
    const { turns, wanted } = setUp();
    const first = await turns.findOrTake(wanted);
    const others = [turns.findOrTake(wanted), turns.findOrTake(wanted)];
    if (!("turn" in first)) throw new Error("expected the turn");
    await first.turn.store.set("k", "made");
    await first.turn.end();
    expect(await Promise.all(others)).toEqual([{ found: { value: "made" } }, { found: { value: "made" } }]);
  });

  test("the next one has the turn when nothing was made", async () => {
    const { turns, wanted } = setUp();
    const first = await turns.findOrTake(wanted);
    const second = turns.findOrTake(wanted);
    if ("turn" in first) await first.turn.end();
    expect("turn" in (await second)).toBe(true);
  });

  test("what is made after the turn was lost is refused", async () => {
    const { turns, wanted, locks } = setUp();
    const taken = await turns.findOrTake(wanted);
    await locks.releaseTask(WRITER.task);
    if (!("turn" in taken)) throw new Error("expected the turn");
    const late = async () => taken.turn.store.set("k", "late");
    await expect(late()).rejects.toMatchObject({ code: "lock_lost" });
  });

  test("who waits when his task ends never gets the turn", async () => {
    const { turns, wanted, locks, store } = setUp();
    const holder = await turns.findOrTake({
      ...wanted,
      store: store.with({ writer: { ...WRITER, task: "other" } }),
    });
    let went = false;
    void Promise.resolve(turns.findOrTake(wanted)).then(() => {
      went = true;
    });
    await locks.releaseTask(WRITER.task);
    if ("turn" in holder) await holder.turn.end();
    // Whoever comes now finds it free, and nobody before.
    const next = await turns.findOrTake(wanted);
    expect({ next: "turn" in next, went }).toEqual({ next: true, went: false });
  });
});
