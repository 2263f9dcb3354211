import { watch } from "../state/watch.ts";
import { describe, expect, test } from "./harness.ts";
import { type Fixture, failure, open, type Subject } from "./subject.ts";

const DAY = 86_400;

/** The revisions that are kept of a key, newest first. */
async function kept({ store }: Fixture, key: string): Promise<number[]> {
  return (await store.history(key, 100_000)).map(({ revision }) => revision);
}

/** What was, how long it is kept, and the feed of what changes. */
export function historyContract(subject: Subject): void {
  describe(`${subject.name}: the past`, () => {
    test("getAt() gives the value as of a revision and as of a time", async () => {
      await using t = await open(subject);
      const start = t.clock.time;
      await t.store.set("k", "v1");
      t.clock.advance(10);
      await t.store.delete("k");
      t.clock.advance(10);
      await t.store.set("k", "v3", 5);
      const at = (revision: number) => t.store.getAt("k", { revision });
      expect([await at(0), await at(1), await at(2), await at(3), await at(99)]).toEqual([
        undefined,
        "v1",
        undefined,
        "v3",
        "v3",
      ]);
      t.clock.advance(10);
      const after = (seconds: number) => t.store.getAt("k", { time: start + seconds * 1000 });
      expect([await after(-1), await after(0), await after(9), await after(10)]).toEqual([
        undefined,
        "v1",
        "v1",
        undefined,
      ]);
      // It expired 5 s after it was set, seen by anyone or not.
      expect([await after(24), await after(25), await after(99)]).toEqual(["v3", undefined, undefined]);
    });

    test("revert() brings a value back as a new version and keeps the expiry", async () => {
      await using t = await open(subject);
      await t.store.set("k", { v: 1 });
      await t.store.set("k", 2, 60);
      expect(await t.store.revert("k", { revision: 1 })).toEqual({ changed: true, to: 1 });
      expect(await t.store.get("k")).toEqual({ v: 1 });
      expect(await t.store.getTtl("k")).toBe(60);
      expect(await t.store.revert("k", { revision: 1 })).toEqual({ changed: false, to: 1 });
      expect(await t.store.revert("k", { revision: 0 })).toEqual({ changed: true, to: null });
      expect(await t.store.exists("k")).toBe(false);
      expect(await kept(t, "k")).toEqual([4, 3, 2, 1]);
    });

    test("delete() with purge leaves nothing of the key but the record of the deletion", async () => {
      await using t = await open(subject);
      await t.store.set("k", "secret");
      await t.store.set("other", 1);
      await t.store.set("k", "secret 2");
      expect(await t.store.delete("k", { purge: true })).toBe(true);
      expect((await t.store.history("k")).map(({ revision, kind }) => [revision, kind])).toEqual([
        [4, "delete"],
      ]);
      const feed = await t.backend.changes({ after: { revision: 0 }, prefix: "", limit: 9 });
      expect(feed.map(({ key, kind }) => `${key} ${kind}`)).toEqual(["other put", "k delete"]);
      expect((await failure(() => t.store.getAt("k", { revision: 1 }))).code).toBe("compacted");
      expect((await t.store.stats()).revision).toBe(4);
    });

    test("delete() with purge also takes the history of a key that is gone, and no revision for one that never was", async () => {
      await using t = await open(subject);
      await t.store.set("k", "secret");
      await t.store.delete("k");
      expect(await t.store.delete("k", { purge: true })).toBe(false);
      expect(await kept(t, "k")).toEqual([3]);
      expect(await t.store.delete("never", { purge: true })).toBe(false);
      expect((await t.store.stats()).revision).toBe(3);
    });

    test("a hot key's history stays bounded: the last versions, and what is younger than ten minutes", async () => {
      await using t = await open(subject);
      for (let i = 0; i < 1000; i++) await t.store.set("k", i);
      expect(await kept(t, "k")).toHaveLength(1000);
      expect(await t.backend.compacted()).toBe(0);
      t.clock.advance(11 * 60);
      for (let i = 0; i < 1000; i++) await t.store.set("k", i);
      // What is young stays; of the rest nothing is among the last 100.
      const revisions = await kept(t, "k");
      expect(revisions.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => 2000 - i));
      expect(revisions.length).toBeLessThan(1100);
      const compacted = await t.backend.compacted();
      expect(compacted).toBeGreaterThan(900);
      expect((await failure(() => t.store.getAt("k", { revision: 5 }))).code).toBe("compacted");
      expect(await t.store.getAt("k", { revision: 1500 })).toBe(499);
      const changes = (after: number) =>
        t.backend.changes({ after: { revision: after }, prefix: "", limit: 1 });
      expect((await failure(() => changes(compacted - 1))).code).toBe("compacted");
      expect((await changes(compacted)).map(({ revision }) => revision)).toEqual([compacted + 1]);
    }, 20_000);

    test("versions that are too old go when a writer sweeps, and revisions go on", async () => {
      await using t = await open(subject);
      await t.store.set("old", 1);
      await t.store.set("old", 2);
      await t.store.set("kept", 1);
      t.clock.advance(31 * DAY);
      await t.store.set("kept", 2);
      await t.store.set("kept", 3);
      expect(await kept(t, "old")).toEqual([]);
      expect(await kept(t, "kept")).toEqual([5, 4]);
      expect(await t.store.get("old")).toBe(2);
      expect(await t.store.getAt("old", { revision: 3 })).toBe(2);
      expect((await failure(() => t.store.getAt("old", { revision: 1 }))).code).toBe("compacted");
      expect((await t.store.stats()).revision).toBe(5);
    });

    test("rateLimit() allows so many calls in a window that starts with the first", async () => {
      await using t = await open(subject);
      const call = async () => Object.values(await t.store.rateLimit("r", 2, 10));
      expect(await call()).toEqual([true, 1, 10]);
      t.clock.advance(4);
      expect(await call()).toEqual([true, 0, 6]);
      expect(await call()).toEqual([false, 0, 6]);
      expect((await t.store.stats()).revision).toBe(2);
      t.clock.advance(6);
      expect(await call()).toEqual([true, 1, 10]);
      await t.store.set("text", "x");
      expect((await failure(() => t.store.rateLimit("text", 1, 1))).code).toBe("not_a_number");
      expect((await failure(() => t.store.rateLimit("r", 0, 1))).code).toBe("bad_argument");
      expect((await failure(() => t.store.rateLimit("r", 1, 0))).code).toBe("bad_argument");
    });

    test("rateLimit() side by side allows exactly so many", async () => {
      await using t = await open(subject);
      const calls = await Promise.all(Array.from({ length: 20 }, async () => t.store.rateLimit("r", 7, 60)));
      expect(calls.filter(({ allowed }) => allowed)).toHaveLength(7);
    });

    test("watch() gives every change of matching keys in order, from where it is told and on", async () => {
      await using t = await open(subject);
      await t.store.setMany({ "a:1": 1, b: 1, "a:2": 1 });
      const end = new AbortController();
      const seen: string[] = [];
      const watching = (async () => {
        for await (const { key, kind } of watch(t.store, "a:?", { after: 0, signal: end.signal })) {
          seen.push(`${key} ${kind}`);
          if (seen.length === 2) await t.store.delete("a:1");
          if (seen.length === 3) {
            await t.store.set("a:33", 1);
            await t.store.set("a:3", 1);
          }
          if (seen.length === 4) end.abort();
        }
      })();
      await watching;
      expect(seen).toEqual(["a:1 put", "a:2 put", "a:1 delete", "a:3 put"]);
    });
  });
}
