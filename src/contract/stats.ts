import { SWEEP_BATCH, SWEEP_INTERVAL_MS } from "../backends/backend.ts";
import { Float } from "../lib/value.ts";
import { describe, expect, test } from "./harness.ts";
import { open, type Subject, WRITER } from "./subject.ts";

/** Figures, and how the space of expired entries is reclaimed. */
export function statsContract(subject: Subject): void {
  describe(`${subject.name}: stats and sweep`, () => {
    test("stats() counts live keys by type through puts, changes of type, deletes and expiry", async () => {
      await using t = await open(subject);
      await t.store.setMany({
        s: "x",
        n: 1,
        f: new Float(1),
        b: true,
        l: [1],
        t: { a: 1 },
        y: Uint8Array.of(255),
      });
      await t.store.set("n", "now text");
      await t.store.delete("b");
      await t.store.set("gone", 1, 1);
      t.clock.advance(2);
      const stats = await t.store.stats();
      expect(stats.keys_by_type).toEqual({ string: 2, number: 1, list: 1, table: 1, bytes: 1 });
      expect(stats).toMatchObject({ total_keys: 6, expired_keys: 1, active_locks: 0, revision: 4 });
      expect(stats).toMatchObject({ backend: subject.name, writes: 4, retries: 0 });
      expect(stats.db_size_bytes).toBeGreaterThan(0);
    });

    test("sweep() reclaims expired entries as changes of kind expire, in one revision", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 2 }, 1);
      await t.store.set("c", 3);
      t.clock.advance(2);
      expect(await t.backend.sweep(10, WRITER)).toBe(2);
      expect(await t.backend.sweep(10, WRITER)).toBe(0);
      expect(await t.store.stats()).toMatchObject({ expired_keys: 0, revision: 3, total_keys: 1 });
      expect(await t.store.history("a")).toMatchObject([
        { kind: "expire", revision: 3 },
        { kind: "put", revision: 1 },
      ]);
    });

    test("a write reclaims expired entries, at most every five minutes and a bounded batch", async () => {
      await using t = await open(subject);
      await t.store.set("first", 1);
      t.clock.time += SWEEP_INTERVAL_MS;
      await t.store.set("swept here", 1);
      const many = new Map(Array.from({ length: SWEEP_BATCH + 5 }, (_, i) => [`k${i}`, i]));
      await t.store.setMany(many, 1);
      t.clock.time += SWEEP_INTERVAL_MS - 1;
      await t.store.set("w", 1);
      expect((await t.store.stats()).expired_keys).toBe(SWEEP_BATCH + 5);
      t.clock.time += 1;
      await t.store.set("w", 2);
      expect((await t.store.stats()).expired_keys).toBe(5);
      await t.store.set("w", 3);
      expect((await t.store.stats()).expired_keys).toBe(5);
      t.clock.time += SWEEP_INTERVAL_MS;
      await t.store.set("w", 4);
      expect((await t.store.stats()).expired_keys).toBe(0);
    });

    test("reads reclaim nothing", async () => {
      await using t = await open(subject);
      await t.store.set("k", 1, 1);
      t.clock.time += 2 * SWEEP_INTERVAL_MS;
      await t.store.get("k");
      await t.store.keys();
      expect(await t.store.stats()).toMatchObject({ expired_keys: 1, revision: 1 });
    });
  });
}
