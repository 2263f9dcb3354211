import fc from "fast-check";
import { Float, type Value } from "../lib/value.ts";
import { typeOf } from "../state/codec.ts";
import { equal } from "../state/equal.ts";
import { storable, text } from "./arbitrary.ts";
import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject } from "./subject.ts";

/** What is stored comes back equal, and what cannot be stored is refused. */
export function valuesContract(subject: Subject): void {
  describe(`${subject.name}: values`, () => {
    test("get() gives back any storable value, equal and of the same number type", async () => {
      await using t = await open(subject);
      await fc.assert(
        fc.asyncProperty(storable, async (value) => {
          await t.store.set("k", value);
          const back = await t.store.get("k");
          expect(back === undefined ? false : equal(back, value)).toBe(true);
          if (typeof value !== "object" || value instanceof Float) expect(back).toEqual(value);
          expect((await t.store.show("k"))?.type).toBe(
            value instanceof Map && value.size === 0 ? "table" : typeOf(value),
          );
        }),
        { numRuns: 150 },
      );
    });

    test("get() tells apart 1 and 1.0, 0 and -0.0, and keeps 2^63-1, nan and infinity", async () => {
      await using t = await open(subject);
      const numbers: Value[] = [1, new Float(1), 0, new Float(-0), 2n ** 63n - 1n, -(2n ** 63n), Number.NaN];
      numbers.push(Infinity, -Infinity, 1e300, 5e-324, 2 ** 53, 2 ** 63, 0.1, 2 ** 53 - 1, -(2 ** 60));
      for (const number of numbers) {
        await t.store.set("n", number);
        expect(await t.store.get("n")).toEqual(number);
      }
    });

    test("get() gives text with NUL bytes and bytes that are not UTF-8 whole", async () => {
      await using t = await open(subject);
      await t.store.set("text", "a\0b");
      await t.store.set("bytes", Uint8Array.of(0x61, 0, 0x62, 0xff));
      expect(await t.store.get("text")).toBe("a\0b");
      expect(await t.store.get("bytes")).toEqual(Uint8Array.of(0x61, 0, 0x62, 0xff));
    });

    test("get() gives bytes that the receiver may change without changing what is stored", async () => {
      await using t = await open(subject);
      const given = Uint8Array.of(0xff, 1);
      await t.store.set("b", given);
      given[1] = 9;
      const got = (await t.store.get("b")) as Uint8Array;
      got[1] = 8;
      expect(await t.store.get("b")).toEqual(Uint8Array.of(0xff, 1));
    });

    test("get() gives undefined and need() raises not_found for an absent key", async () => {
      await using t = await open(subject);
      expect(await t.store.get("nope")).toBeUndefined();
      expect((await failure(() => t.store.need("nope"))).code).toBe("not_found");
      await t.store.set("false", false);
      expect(await t.store.need("false")).toBe(false);
    });

    test("set() refuses a value that cannot be stored, with its path, and keeps the old one", async () => {
      await using t = await open(subject);
      await t.store.set("cfg", 1);
      const cfg = { handlers: [1, { kind: "function", call: () => {} }] };
      const error = await failure(() => t.store.set("cfg", cfg));
      expect(error).toEqual({
        code: "bad_value",
        message: 'Cannot store "cfg": cfg.handlers[2] is a function.',
      });
      expect(await t.store.get("cfg")).toBe(1);
    });

    test("set() and append() refuse more than the limit of bytes", async () => {
      await using t = await open(subject, { maxValueBytes: 100 });
      await t.store.set("s", "x".repeat(100));
      expect((await failure(() => t.store.set("s", "x".repeat(101)))).code).toBe("too_large");
      expect((await failure(() => t.store.append("s", "y"))).code).toBe("too_large");
      expect((await failure(() => t.store.set("s", ["x".repeat(50), "ä".repeat(25)]))).code).toBe(
        "too_large",
      );
      expect(await t.store.get("s")).toBe("x".repeat(100));
    });

    test("every key is stored, read, listed and deleted literally", async () => {
      await using t = await open(subject);
      const key = text.filter((some) => some !== "" && !some.includes("\0"));
      const odd = fc.constantFrom("'; DROP TABLE data; --", "%_*?[\\", "🦆", "__proto__", "x".repeat(1024));
      await fc.assert(
        fc.asyncProperty(fc.oneof(key, odd), async (some) => {
          await t.store.set(some, some);
          expect(await t.store.get(some)).toBe(some);
          expect(await t.store.keys()).toEqual([some]);
          expect(Object.entries(await t.store.list(some))).toEqual([[some, some]]);
          expect(await t.store.delete(some)).toBe(true);
          expect(await t.store.exists(some)).toBe(false);
        }),
        { numRuns: 60 },
      );
    });

    test("a bad key is refused by every call", async () => {
      await using t = await open(subject);
      for (const key of ["", "a\0b", "\ud800", "x".repeat(1025), "ä".repeat(513)]) {
        expect((await failure(() => t.store.set(key, 1))).code).toBe("bad_key");
        expect((await failure(() => t.store.get(key))).code).toBe("bad_key");
        expect((await failure(() => t.store.getMany([key]))).code).toBe("bad_key");
        expect((await failure(() => t.store.setMany({ [key]: 1 }))).code).toBe("bad_key");
      }
    });
  });
}
