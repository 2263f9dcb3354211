import { Float } from "../lib/value.ts";
import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject } from "./subject.ts";

/** increment, decrement and append. */
export function numbersContract(subject: Subject): void {
  describe(`${subject.name}: numbers and text`, () => {
    test("increment() counts from 0 by 1 or by the delta, decrement() back", async () => {
      await using t = await open(subject);
      expect(await t.store.increment("n")).toBe(1);
      expect(await t.store.increment("n", 41)).toBe(42);
      expect(await t.store.decrement("n")).toBe(41);
      expect(await t.store.decrement("n", 2n ** 62n)).toBe(41n - 2n ** 62n);
      expect(await t.store.decrement("new", 3)).toBe(-3);
    });

    test("increment() keeps an integer an integer beyond 2^53, and a float a float", async () => {
      await using t = await open(subject);
      await t.store.set("n", 2 ** 53 - 1);
      expect(await t.store.increment("n", 2)).toBe(2n ** 53n + 1n);
      await t.store.set("f", new Float(1));
      expect(await t.store.increment("f", 1)).toEqual(new Float(2));
      expect(await t.store.increment("f", 0.5)).toBe(2.5);
      expect(await t.store.decrement("f", 2.5)).toEqual(new Float(0));
      expect(await t.store.increment("i", 0.5)).toBe(0.5);
    });

    test("increment() past 64 bits is an overflow that changes nothing", async () => {
      await using t = await open(subject);
      await t.store.set("n", 2n ** 63n - 1n);
      expect((await failure(() => t.store.increment("n"))).code).toBe("overflow");
      expect(await t.store.get("n")).toBe(2n ** 63n - 1n);
      await t.store.set("n", -(2n ** 63n));
      expect((await failure(() => t.store.decrement("n"))).code).toBe("overflow");
      expect(await t.store.increment("n", 2n ** 63n - 1n)).toBe(-1);
      expect(await t.store.decrement("n", -(2n ** 63n))).toBe(2n ** 63n - 1n);
    });

    test("increment() refuses what is not a number", async () => {
      await using t = await open(subject);
      await t.store.set("s", "1");
      const error = await failure(() => t.store.increment("s"));
      expect(error.code).toBe("not_a_number");
      expect(error.message).toBe(
        'Cannot increment "s": it holds a string, not a number. Set it to a number first.',
      );
      expect((await failure(() => t.store.increment("n", "1" as never))).code).toBe("bad_argument");
    });

    test("append() adds to the end and gives the length in bytes", async () => {
      await using t = await open(subject);
      expect(await t.store.append("s", "ä")).toBe(2);
      expect(await t.store.append("s", "b")).toBe(3);
      expect(await t.store.get("s")).toBe("äb");
    });

    test("append() makes bytes of text and text of bytes when that is what they have become", async () => {
      await using t = await open(subject);
      await t.store.set("s", "a");
      expect(await t.store.append("s", Uint8Array.of(0xc3))).toBe(2);
      expect((await t.store.show("s"))?.type).toBe("bytes");
      expect(await t.store.append("s", Uint8Array.of(0xa4))).toBe(3);
      expect(await t.store.get("s")).toBe("aä");
      expect((await t.store.show("s"))?.type).toBe("string");
    });

    test("append() refuses what is not a string", async () => {
      await using t = await open(subject);
      await t.store.set("n", 1);
      expect((await failure(() => t.store.append("n", "x"))).code).toBe("not_a_string");
    });
  });
}
