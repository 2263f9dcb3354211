import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Float, fromFloat, fromInteger, MAX_INTEGER, MIN_INTEGER } from "../../src/lib/value.ts";
import type { LuaValue } from "../../src/modules/module.ts";
import { evaluate, openVm } from "./vm.ts";

/** A record as the bridge makes it: without a prototype. */
function record(entries: Record<string, LuaValue>): LuaValue {
  return Object.assign(Object.create(null), entries);
}

describe("values from Lua", () => {
  const cases: [title: string, source: string, expected: LuaValue][] = [
    [
      "a string with NUL and a byte that is not UTF-8 arrives as bytes",
      '"a\\0b\\255"',
      new Uint8Array([97, 0, 98, 255]),
    ],
    ["a string with NUL that is UTF-8 arrives whole", '"a\\0bé"', "a\0bé"],
    ["U+FFFD itself is no sign of bad bytes", '"\\u{FFFD}"', "\ufffd"],
    ["an integer stays one", "42", 42],
    ["a float that is integral says so", "42.0", new Float(42)],
    ["negative zero keeps its sign", "-0.0", new Float(-0)],
    ["2^63-1 arrives whole", "math.maxinteger", MAX_INTEGER],
    ["-2^63 arrives whole", "math.mininteger", MIN_INTEGER],
    ["2^53+1 arrives whole", "9007199254740993", 9007199254740993n],
    ["1e300 arrives whole", "1e300", 1e300],
    ["infinity arrives", "-1/0", Number.NEGATIVE_INFINITY],
    ["a table of 1…n is a list", "{1, 2, {3}}", [1, 2, [3]]],
    [
      "a list filled from its end is a list",
      "(function() local t = {} t[3]=3 t[2]=2 t[1]=1 return t end)()",
      [1, 2, 3],
    ],
    ["an empty table is a table", "{}", record({})],
    [
      "string keys make a record, __proto__ included",
      "{__proto__ = 1, constructor = 2}",
      record({ ["__proto__"]: 1, constructor: 2 }),
    ],
    [
      "mixed keys make a map",
      '{[10]="x", "a", n={}}',
      new Map<LuaValue, LuaValue>([
        [1, "a"],
        [10, "x"],
        ["n", record({})],
      ]),
    ],
    [
      "a table with a hole is a map",
      "{1, nil, 3}",
      new Map<LuaValue, LuaValue>([
        [1, 1],
        [3, 3],
      ]),
    ],
    [
      "keys that are not UTF-8 make a map",
      '{["\\255"]=1}',
      new Map<LuaValue, LuaValue>([[new Uint8Array([255]), 1]]),
    ],
  ];
  test.each(cases)("%s", async (_, source, expected) => {
    const vm = await openVm();
    expect(await evaluate(vm, `return ${source}`)).toEqual([expected]);
  });

  test("NaN arrives as NaN", async () => {
    const vm = await openVm();
    expect(await evaluate(vm, "return 0/0")).toEqual([Number.NaN]);
  });

  test("what has no value outside arrives as its name", async () => {
    const vm = await openVm();
    const [cycle, coroutine] = await evaluate(vm, "local t = {} t.me = t return t, coroutine.create(print)");
    expect(cycle).toEqual(record({ me: expect.objectContaining({ what: "a cycle" }) }));
    expect(coroutine).toMatchObject({ what: "a coroutine" });
  });

  test("nesting over 128 levels is cut off rather than followed", async () => {
    const vm = await openVm();
    const [value] = await evaluate(vm, "local t = {} for _ = 1, 100000 do t = {t} end return t");
    expect(JSON.stringify(value)).toContain("nested more than 128 levels deep");
  });

  test("reading a table runs no metamethod", async () => {
    const vm = await openVm();
    const source = "return t.echo(setmetatable({a=1}, {__index=error, __pairs=error, __len=error}))";
    expect(await evaluate(vm, source)).toEqual([record({ a: 1 })]);
  });
});

describe("values through Lua and back", () => {
  const scalar = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => new Uint8Array([255, ...bytes])),
    fc.bigInt({ min: MIN_INTEGER, max: MAX_INTEGER }).map(fromInteger),
    fc.double().map(fromFloat),
    fc.boolean(),
  );
  const { value } = fc.letrec<{ value: LuaValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.array(tie("value"), { minLength: 1, maxLength: 6 }),
      fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { maxKeys: 6 }).map(record),
      fc
        .uniqueArray(fc.tuple(fc.oneof(fc.integer(), fc.boolean()), tie("value")), {
          selector: ([key]) => key,
          minLength: 1,
        })
        .map((entries): LuaValue => new Map<LuaValue, LuaValue>([["not a list", true], ...entries])),
    ),
  }));

  test("any value comes back equal", async () => {
    const vm = await openVm();
    const echo = vm.load("return ...", "echo.lua");
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        expect(await vm.run(echo, [given], undefined)).toEqual([given]);
      }),
      { numRuns: 300 },
    );
  });

  test("an empty list stays a list, through a copy of its table too", async () => {
    const vm = await openVm();
    expect(await evaluate(vm, "local list = ... return t.echo(list)", [])).toEqual([[]]);
    expect(await evaluate(vm, "local list = ... table.remove(list) return list", [1])).toEqual([[]]);
  });

  test("a megabyte of text passes whole", async () => {
    const vm = await openVm();
    const text = "ü".repeat(1 << 20);
    expect(await evaluate(vm, "local s = ... return s, #s", text)).toEqual([text, 1 << 21]);
  });
});
