import { describe, expect, test } from "bun:test";
import { Float } from "../../src/lib/value.ts";
import { toLua, toPlugin } from "../../src/plugins/values.ts";

class Host {}

describe("toLua()", () => {
  test("copies plain values, null as nothing, holes of lists as null", () => {
    const bytes = new Uint8Array([255]);
    const given = { a: [1, undefined, "x"], b: null, c: new Map([[1, { d: 2n }]]), bytes };
    const made = toLua(given, "it") as unknown as typeof given;
    expect(made).toEqual({ a: [1, null, "x"], c: new Map([[1, { d: 2n }]]), bytes } as never);
    expect(made.bytes).not.toBe(bytes);
  });

  test("refuses everything of the host, saying where it is", () => {
    const circle: Record<string, unknown> = {};
    circle.me = circle;
    const cases: [unknown, string][] = [
      [{ a: [new Host()] }, "it.a[1] to Lua: it is an object of class Host"],
      [() => 1, "it to Lua: it is a function"],
      [{ s: Symbol("x") }, "it.s to Lua: it is a symbol"],
      [2n ** 64n, "it is an integer of more than 64 bits"],
      [circle, "it.me to Lua: it is a table that holds itself"],
      [new Map([[{}, 1]]), "a key that is neither text"],
      [Promise.resolve(1), "an object of class Promise"],
      [new Error("x"), "an object of class Error"],
    ];
    for (const [value, message] of cases) expect(() => toLua(value, "it")).toThrow(message);
  });
});

describe("toPlugin()", () => {
  test("gives numbers for Lua's floats, also inside of tables", () => {
    expect(toPlugin({ a: new Float(1), b: [new Float(2)], c: new Map([[new Float(3), 4]]) })).toEqual({
      a: 1,
      b: [2],
      c: new Map([[3, 4]]),
    });
  });
});
