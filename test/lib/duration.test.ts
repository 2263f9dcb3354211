import { describe, expect, test } from "bun:test";
import { formatSpan, parseDuration } from "../../src/lib/duration.ts";

describe("parseDuration()", () => {
  test.each([
    [30, 30_000],
    [0.5, 500],
    ["30", 30_000],
    ["30s", 30_000],
    ["250ms", 250],
    ["1.5m", 90_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["30d", 2_592_000_000],
    ["0s", 0],
  ])("reads %p", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "soon", "5 parsecs", "-5s", "s", "1e3", "5m!", "5 s m", "9".repeat(400)])(
    "refuses %p",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test("refuses numbers below zero and those that are not finite", () => {
    for (const number of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(parseDuration(number)).toBeUndefined();
  });
});

test("formatSpan() names one unit and rounds down", () => {
  const spans = [0, 999, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000 * 12].map(formatSpan);
  expect(spans).toEqual(["0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "12 d"]);
});
