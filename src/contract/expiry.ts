import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject } from "./subject.ts";

/** An expired entry is never seen by any call; only puts replace an expiry. */
export function expiryContract(subject: Subject): void {
  describe(`${subject.name}: expiry`, () => {
    test("an entry is gone for every call at the moment when its time is over", async () => {
      await using t = await open(subject);
      await t.store.set("k", 1, 1.5);
      t.clock.time += 1499;
      expect(await t.store.get("k")).toBe(1);
      t.clock.time += 1;
      expect(await t.store.get("k")).toBeUndefined();
      expect(await t.store.exists("k")).toBe(false);
      expect(await t.store.getMany(["k"])).toEqual({});
      expect(await t.store.keys()).toEqual([]);
      expect(await t.store.list()).toEqual({});
      expect((await t.store.scan()).entries).toEqual([]);
      expect(await t.store.show("k")).toBeUndefined();
      expect(await t.store.getTtl("k")).toBe(-2);
      expect(await t.store.setTtl("k", 5)).toBe(false);
      expect(await t.store.delete("k")).toBe(false);
      expect(await t.store.clear()).toBe(0);
      expect(await t.store.compareSwap("k", 1, 2)).toBe(false);
    });

    test("a key that has expired starts anew: absent counts as 0, and its age and expiry are new", async () => {
      await using t = await open(subject);
      await t.store.set("k", 41, 1);
      t.clock.advance(2);
      expect(await t.store.increment("k")).toBe(1);
      expect(await t.store.getTtl("k")).toBe(-1);
      expect((await t.store.show("k"))?.createdAt).toBe(t.clock.time);
    });

    test("set() removes an old expiry, set() with a ttl replaces it", async () => {
      await using t = await open(subject);
      await t.store.set("k", 1, 10);
      await t.store.set("k", 2, 20);
      expect(await t.store.getTtl("k")).toBe(20);
      await t.store.setMany({ k: 3 }, 30);
      expect(await t.store.getTtl("k")).toBe(30);
      await t.store.set("k", 4);
      expect(await t.store.getTtl("k")).toBe(-1);
    });

    test("increment(), append(), compareSwap() and the list calls keep the expiry", async () => {
      await using t = await open(subject);
      await t.store.setMany({ n: 1, s: "a", c: 1, l: [1, 2, 3] }, 10);
      await t.store.increment("n", 1, { ttl: 99 });
      await t.store.append("s", "b");
      await t.store.compareSwap("c", 1, 2);
      await t.store.listPush("l", 4);
      await t.store.listPop("l");
      await t.store.listShift("l");
      for (const key of ["n", "s", "c", "l"]) expect(await t.store.getTtl(key)).toBe(10);
    });

    test("increment() gives its ttl to an entry that it creates", async () => {
      await using t = await open(subject);
      await t.store.increment("n", 1, { ttl: 5 });
      expect(await t.store.getTtl("n")).toBe(5);
    });

    test("setTtl() sets, and with zero or less removes, an expiry; getTtl() rounds up", async () => {
      await using t = await open(subject);
      await t.store.set("k", "v");
      expect(await t.store.getTtl("k")).toBe(-1);
      expect(await t.store.setTtl("k", 2.5)).toBe(true);
      expect(await t.store.getTtl("k")).toBe(3);
      t.clock.time += 2499;
      expect(await t.store.getTtl("k")).toBe(1);
      expect(await t.store.setTtl("k", 0)).toBe(true);
      expect(await t.store.getTtl("k")).toBe(-1);
      expect(await t.store.get("k")).toBe("v");
    });

    test("a ttl that is not above zero, or no number, is refused", async () => {
      await using t = await open(subject);
      for (const ttl of [0, -1, Number.NaN, Infinity]) {
        expect((await failure(() => t.store.set("k", 1, ttl))).code).toBe("bad_argument");
      }
      expect((await failure(() => t.store.setTtl("k", Number.NaN))).code).toBe("bad_argument");
    });
  });
}
