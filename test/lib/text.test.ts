import { describe, expect, test } from "bun:test";
import { cut, escapeControls, formatCount, padColumns, plural, reflow } from "../../src/lib/text.ts";

test("formatCount() separates thousands", () => {
  expect([0, 999, 1000, 48_211, 1_234_567].map(formatCount)).toEqual([
    "0",
    "999",
    "1,000",
    "48,211",
    "1,234,567",
  ]);
});

test("plural() counts", () => {
  expect([plural(1, "key"), plural(2000, "key")]).toEqual(["1 key", "2,000 keys"]);
});

test("escapeControls() leaves nothing that moves a terminal's cursor", () => {
  expect(escapeControls("a\nb\tc\u001b[31mé\u0000\u009b")).toBe("a\\nb\\tc\\u001b[31mé\\u0000\\u009b");
});

test("cut() counts columns, not characters", () => {
  expect(cut("deploy", 6)).toBe("deploy");
  expect(cut("deploying", 6)).toBe("deplo…");
  expect(cut("日本語です", 6)).toBe("日本…");
});

test("padColumns() counts columns, not characters", () => {
  expect(padColumns("日本", 6)).toBe("日本  ");
});

describe("reflow()", () => {
  test("sets a paragraph anew and leaves paragraphs and indented lines alone", () => {
    expect(reflow("one two\nthree four\n\nfive\n  as it is\nsix seven", 10)).toBe(
      "one two\nthree four\n\nfive\n  as it is\nsix seven",
    );
    expect(reflow("one two three", 7)).toBe("one two\nthree");
  });

  test("does not cut a word that is wider than the line", () => {
    expect(reflow("a wonderfully b", 4)).toBe("a\nwonderfully\nb");
  });
});
