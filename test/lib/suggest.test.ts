import { describe, expect, test } from "bun:test";
import { didYouMean, editDistance, nearest } from "../../src/lib/suggest.ts";

describe("editDistance()", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["biuld", "build", 1],
    ["verison", "version", 1],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
  ])("of %p and %p", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe("nearest()", () => {
  test("prefers the smallest distance, then the first", () => {
    expect(nearest("stat", ["start", "state", "stats"])).toBe("start");
    expect(nearest("sett", ["get", "set"])).toBe("set");
  });

  test("is undefined when nothing is near", () => {
    expect(nearest("frobnicate", ["list", "get"])).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
    expect(nearest("x", ["k"])).toBeUndefined();
  });
});

test("didYouMean() is a sentence to append, or nothing", () => {
  expect(didYouMean("lits", ["list"])).toBe(' Did you mean "list"?');
  expect(didYouMean("lits", ["frobnicate"])).toBe("");
});

test("nearest() takes a name that begins so when none is near", () => {
  expect(nearest("on_fail", ["on_success", "on_failure"])).toBe("on_failure");
  expect(nearest("time", ["timeouts_of_all", "tame"])).toBe("tame");
  expect(nearest("on_", ["on_failure"])).toBeUndefined();
});
