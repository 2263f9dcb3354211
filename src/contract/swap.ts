import { createRecord, Float } from "../lib/value.ts";
import { describe, expect, test } from "./harness.ts";
import { open, type Subject } from "./subject.ts";

/** compare_swap. */
export function swapContract(subject: Subject): void {
  describe(`${subject.name}: compare_swap`, () => {
    test("compareSwap() replaces only what equals the old value", async () => {
      await using t = await open(subject);
      await t.store.set("k", "a");
      expect(await t.store.compareSwap("k", "b", "c")).toBe(false);
      expect(await t.store.get("k")).toBe("a");
      expect(await t.store.compareSwap("k", "a", "c")).toBe(true);
      expect(await t.store.get("k")).toBe("c");
    });

    test("compareSwap() takes undefined for absent and for delete", async () => {
      await using t = await open(subject);
      expect(await t.store.compareSwap("k", undefined, 1)).toBe(true);
      expect(await t.store.compareSwap("k", undefined, 2)).toBe(false);
      expect(await t.store.compareSwap("k", 1, undefined)).toBe(true);
      expect(await t.store.exists("k")).toBe(false);
      expect(await t.store.compareSwap("k", undefined, undefined)).toBe(true);
      expect(await t.store.compareSwap("k", 1, undefined)).toBe(false);
    });

    test("compareSwap() compares by content: 1 and 1.0, nan, tables however they are held", async () => {
      await using t = await open(subject);
      const same: [unknown, unknown][] = [
        [1, new Float(1)],
        [Number.NaN, Number.NaN],
        [
          { a: [1, { b: 2 }], c: true },
          { c: true, a: [new Float(1), { b: 2 }] },
        ],
        [[], createRecord()],
        [
          [1, 2],
          new Map([
            [2, 2],
            [1, 1],
          ]),
        ],
        [2n ** 53n, 2 ** 53],
      ];
      for (const [stored, old] of same) {
        await t.store.set("k", stored);
        expect(await t.store.compareSwap("k", old, "new")).toBe(true);
      }
      const different: [unknown, unknown][] = [
        [1, "1"],
        [2n ** 53n + 1n, 2 ** 53],
        [[1], [1, 2]],
        [{ a: 1 }, { b: 1 }],
        [0, false],
      ];
      for (const [stored, old] of different) {
        await t.store.set("k", stored);
        expect(await t.store.compareSwap("k", old, "new")).toBe(false);
      }
    });
  });
}
