import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { failure } from "../../src/contract/subject.ts";
import { parsePattern } from "../../src/state/pattern.ts";

/** Says the same as slowly and plainly as possible: for patterns of literals, * and ? only. */
function plainMatch(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === "*") return plainMatch(rest, key) || (key.length > 0 && plainMatch(pattern, key.slice(1)));
  return key.length > 0 && (first === "?" || first === key[0]) && plainMatch(rest, key.slice(1));
}

describe("parsePattern()", () => {
  test("matches what a plain matcher matches", () => {
    const part = fc.constantFrom("a", "b", "🦆", "*", "?");
    const point = fc.constantFrom("a", "b", "🦆");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(point, { maxLength: 8 }), (pattern, key) => {
        expect(parsePattern(pattern.join("")).matches(key.join(""))).toBe(plainMatch(pattern, key));
      }),
      { numRuns: 1000 },
    );
  });

  test("matches an escaped key and nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (key, other) => {
        const { prefix, matches } = parsePattern(key.replace(/[\\*?[\]]/g, "\\$&"));
        expect(prefix).toBe(key);
        expect(matches(key)).toBe(true);
        expect(matches(other)).toBe(other === key);
      }),
    );
  });

  test("gives the literal beginning, in which to look", () => {
    const prefixes = ["deploy:*", "a\\*b?", "[ab]c", "abc", "", "🦆x*y"].map(
      (text) => parsePattern(text).prefix,
    );
    expect(prefixes).toEqual(["deploy:", "a*b", "", "abc", "", "🦆x"]);
  });

  test("takes classes with ranges, negation, escapes and a dash at the end", () => {
    const cases: [pattern: string, matches: string, refuses: string][] = [
      ["[a-c]", "abc", "dA-"],
      ["[^a-c]", "dA🦆", "abc"],
      ["[!x]", "a!", "x"],
      ["[a-]", "a-", "b"],
      ["[\\]\\-z]", "]-z", "\\a"],
      ["[🦆-🦉]", "🦆🦇🦉", "a"],
      ["[*?]", "*?", "a"],
    ];
    for (const [pattern, matching, refused] of cases) {
      for (const key of matching) expect(parsePattern(pattern).matches(key)).toBe(true);
      for (const key of refused) expect(parsePattern(pattern).matches(key)).toBe(false);
    }
  });

  test("takes no time to speak of for a pattern with many stars", () => {
    const { matches } = parsePattern(`${"a*".repeat(300)}b`);
    expect(matches("a".repeat(1024))).toBe(false);
  });

  test("refuses a class that does not end, an empty or reversed one, and a last backslash", async () => {
    for (const pattern of ["[a", "[", "a\\", "[]", "[z-a]", "[a-\\"]) {
      expect((await failure(() => parsePattern(pattern))).code).toBe("bad_argument");
    }
    expect((await failure(() => parsePattern("[a"))).message).toBe(
      'Cannot use pattern "[a": a class "[" is not closed. Write "\\" before a character to mean itself.',
    );
  });
});
