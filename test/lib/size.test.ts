import { describe, expect, test } from "bun:test";
import { formatSize, parseSize } from "../../src/lib/size.ts";

describe("parseSize()", () => {
  test.each([
    [1024, 1024],
    ["512", 512],
    ["64MiB", 67_108_864],
    ["64 mib", 67_108_864],
    ["1.5k", 1536],
    ["2MB", 2_000_000],
    ["1GiB", 1_073_741_824],
    ["0", 0],
  ])("reads %p", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["", "big", "5 bananas", "-1", "1.5", "1e9", "99999TiB", Number.NaN, -1, 1.5])(
    "refuses %p",
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );
});

test("formatSize() never shows more than three digits before the point", () => {
  expect([0, 812, 999, 1000, 999_949, 999_950, 6_200_000, 3e12].map(formatSize)).toEqual([
    "0 B",
    "812 B",
    "999 B",
    "1.0 kB",
    "999.9 kB",
    "1.0 MB",
    "6.2 MB",
    "3.0 TB",
  ]);
});
