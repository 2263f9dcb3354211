import { describe, expect, test } from "bun:test";
import { failure } from "../../src/contract/subject.ts";
import { checkKey } from "../../src/state/key.ts";

describe("checkKey()", () => {
  test("takes 1 to 1,024 bytes of UTF-8", () => {
    for (const key of ["a", " ", "🦆", "x".repeat(1024), "ä".repeat(512), "__proto__"]) checkKey(key);
  });

  test("says what is the case with any other", async () => {
    const cases: [unknown, string, string][] = [
      ["", "bad_key", 'Cannot use "" as a key: it is empty. Keys have 1 to 1024 bytes.'],
      ["a\0b", "bad_key", 'Cannot use "a\\u0000b" as a key: it contains a NUL byte.'],
      ["\udc00", "bad_key", 'Cannot use "\ufffd" as a key: it is not UTF-8.'],
      [Uint8Array.of(255), "bad_key", 'Cannot use "ÿ" as a key: it is not UTF-8.'],
      [undefined, "bad_argument", "Cannot use nil as a key: keys are strings."],
      [12, "bad_argument", "Cannot use a number as a key: keys are strings."],
    ];
    for (const [key, code, message] of cases)
      expect(await failure(() => checkKey(key))).toEqual({ code, message });
    expect((await failure(() => checkKey("ä".repeat(513)))).message).toContain("it has 1026 bytes.");
  });
});
