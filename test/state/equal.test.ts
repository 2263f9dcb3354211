import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { storable } from "../../src/contract/arbitrary.ts";
import { Float, type Value } from "../../src/lib/value.ts";
import { equal } from "../../src/state/equal.ts";

describe("equal()", () => {
  test("is true for a value and itself, and symmetric", () => {
    fc.assert(
      fc.property(storable, storable, (a, b) => {
        expect(equal(a, a)).toBe(true);
        expect(equal(a, b)).toBe(equal(b, a));
      }),
    );
  });

  test("compares numbers by their exact value whatever holds them", () => {
    const same: [Value, Value][] = [
      [1, new Float(1)],
      [0, new Float(-0)],
      [2n ** 60n, 2 ** 60],
      [Number.NaN, Number.NaN],
    ];
    for (const [a, b] of same) expect(equal(a, b)).toBe(true);
    const different: [Value, Value][] = [
      [2n ** 53n + 1n, 2 ** 53],
      [1, "1"],
      [1, true],
      [Number.NaN, 0],
    ];
    for (const [a, b] of different) expect(equal(a, b)).toBe(false);
  });

  test("compares tables by keys and values whatever holds them", () => {
    expect(equal([], {})).toBe(true);
    expect(equal(["a"], new Map([[1, "a"]]))).toBe(true);
    expect(equal({ a: 1 }, new Map([["a", 1]]))).toBe(true);
    expect(equal({ 1: "a" }, ["a"])).toBe(false);
    expect(equal({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(equal({ constructor: 1 }, {})).toBe(false);
    expect(equal(new Map([[Uint8Array.of(255), 1]]), new Map([[Uint8Array.of(255), 1]]))).toBe(true);
  });
});
