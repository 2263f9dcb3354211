import { createRecord } from "../lib/value.ts";
import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject } from "./subject.ts";

/** The list calls. */
export function listsContract(subject: Subject): void {
  describe(`${subject.name}: lists`, () => {
    test("listPush() adds items in order and gives the length; an absent key becomes a list", async () => {
      await using t = await open(subject);
      expect(await t.store.listPush("l", "a", 2n ** 63n - 1n)).toBe(2);
      expect(await t.store.listPush("l", { x: 1 })).toBe(3);
      expect(await t.store.get("l")).toEqual(["a", 2n ** 63n - 1n, { x: 1 }]);
      expect((await t.store.show("l"))?.type).toBe("list");
    });

    test("listPush() makes a list of an empty table, and of no other", async () => {
      await using t = await open(subject);
      await t.store.setMany({ empty: createRecord(), full: { a: 1 }, text: "x" });
      expect(await t.store.listPush("empty", 1)).toBe(1);
      expect((await t.store.show("empty"))?.type).toBe("list");
      expect((await failure(() => t.store.listPush("full", 1))).code).toBe("not_a_list");
      expect((await failure(() => t.store.listLength("text"))).code).toBe("not_a_list");
    });

    test("listPop() takes the last and listShift() the first item; an emptied list stays a list", async () => {
      await using t = await open(subject);
      await t.store.set("l", [1, 2, 3]);
      expect(await t.store.listPop("l")).toBe(3);
      expect(await t.store.listShift("l")).toBe(1);
      expect(await t.store.listPop("l")).toBe(2);
      expect(await t.store.listPop("l")).toBeUndefined();
      expect(await t.store.listLength("l")).toBe(0);
      expect((await t.store.show("l"))?.type).toBe("list");
      expect(await t.store.get("l")).toEqual([]);
    });

    test("the list calls find an absent key empty and do not create it", async () => {
      await using t = await open(subject);
      expect(await t.store.listPop("l")).toBeUndefined();
      expect(await t.store.listShift("l")).toBeUndefined();
      expect(await t.store.listLength("l")).toBe(0);
      expect(await t.store.listRange("l")).toEqual([]);
      expect(await t.store.exists("l")).toBe(false);
    });

    test("listRange() is 1-based, inclusive, counts negative places from the end, and cuts to what is there", async () => {
      await using t = await open(subject);
      await t.store.set("l", ["a", "b", "c", "d"]);
      const ranges: [number, number, string][] = [
        [1, 2, "ab"],
        [2, -2, "bc"],
        [-2, -1, "cd"],
        [-99, 2, "ab"],
        [3, 99, "cd"],
        [0, 1, "a"],
        [3, 2, ""],
        [5, 9, ""],
        [-1, -2, ""],
        [1, -5, ""],
      ];
      for (const [from, to, expected] of ranges) {
        expect((await t.store.listRange("l", from, to)).join("")).toBe(expected);
      }
    });

    test("an item that cannot be stored is refused with its place, and nothing is pushed", async () => {
      await using t = await open(subject);
      const error = await failure(() => t.store.listPush("l", 1, null));
      expect(error).toEqual({ code: "bad_value", message: 'Cannot store "l": l[2] is json.null.' });
      expect(await t.store.exists("l")).toBe(false);
    });
  });
}
