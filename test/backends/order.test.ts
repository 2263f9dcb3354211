import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareKeys, prefixEnd } from "../../src/backends/order.ts";

const text = fc.string({ unit: "binary", maxLength: 5 });

describe("compareKeys()", () => {
  test("orders as the UTF-8 bytes do", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("prefixEnd()", () => {
  test("is above all that starts with the prefix, and below all else above it", () => {
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const end = prefixEnd(prefix);
        const inside = compareKeys(other, prefix) >= 0 && (end === undefined || compareKeys(other, end) < 0);
        expect(inside).toBe(other.startsWith(prefix));
        expect(end === undefined || compareKeys(prefix + other, end) < 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("knows the edges of Unicode", () => {
    expect(prefixEnd("a\ud7ff")).toBe("a\ue000");
    expect(prefixEnd("a\u{10ffff}")).toBe("b");
    expect(prefixEnd("\u{10ffff}")).toBeUndefined();
    expect(prefixEnd("")).toBeUndefined();
  });
});
