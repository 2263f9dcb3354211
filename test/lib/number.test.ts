import { expect, test } from "bun:test";
import { formatNumber } from "../../src/lib/number.ts";
import { Float } from "../../src/lib/value.ts";

// What `print` of Lua 5.4 writes.
test.each([
  [17, "17"],
  [9223372036854775807n, "9223372036854775807"],
  [new Float(1), "1.0"],
  [new Float(-0), "-0.0"],
  [new Float(0), "0.0"],
  [1.5, "1.5"],
  [0.1, "0.1"],
  [1 / 3, "0.33333333333333"],
  [1e300, "1e+300"],
  [1e-7, "1e-07"],
  [0.0001, "0.0001"],
  [new Float(1e14), "1e+14"],
  [new Float(99999999999999), "99999999999999.0"],
  [2 ** 53, "9.007199254741e+15"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
  [Number.NaN, "nan"],
])("formatNumber() of %p is as Lua prints it", (number, text) => {
  expect(formatNumber(number)).toBe(text);
});
