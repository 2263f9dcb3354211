import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { storable } from "../../src/contract/arbitrary.ts";
import { failure } from "../../src/contract/subject.ts";
import { createRecord, Float, MAX_DEPTH, type Value } from "../../src/lib/value.ts";
import { decode, encode, typeOf } from "../../src/state/codec.ts";
import { equal } from "../../src/state/equal.ts";

const text = (data: unknown) => (data instanceof Uint8Array ? new TextDecoder().decode(data) : data);

/** Tables in tables, so many deep. */
function nested(depth: number): Value {
  let value: Value = [];
  for (let i = 1; i < depth; i++) value = { next: value };
  return value;
}

describe("encode()", () => {
  test("keeps simple values as SQLite and JSON have them", () => {
    expect(encode("a\0b", "k")).toEqual({ type: "string", data: "a\0b" });
    expect(encode(true, "k")).toEqual({ type: "boolean", data: 1 });
    expect(encode(42, "k")).toEqual({ type: "number", data: 42 });
    expect(encode(1e300, "k")).toEqual({ type: "number", data: 1e300 });
    expect(encode(7n, "k")).toEqual({ type: "number", data: 7 });
    expect(encode(Uint8Array.of(255), "k")).toEqual({ type: "bytes", data: Uint8Array.of(255) });
  });

  test("writes numbers in decimal where a number would lose something", () => {
    const texts = [2n ** 63n - 1n, new Float(1), new Float(-0), Number.NaN, Infinity, -Infinity];
    expect(texts.map((value) => encode(value, "k").data)).toEqual([
      "9223372036854775807",
      "1.0",
      "-0.0",
      "nan",
      "inf",
      "-inf",
    ]);
  });

  test("takes bytes that are UTF-8 for the string that they are", () => {
    expect(encode(new TextEncoder().encode("ä"), "k")).toEqual({ type: "string", data: "ä" });
    expect(encode(Uint8Array.of(0xef, 0xbb, 0xbf), "k")).toEqual({ type: "string", data: "\ufeff" });
  });

  test("writes plain tables as JSON text, also with keys that look like tags", () => {
    expect(encode({ a: [1, "x", true, 1.5] }, "k")).toEqual({
      type: "table",
      data: '{"a":[1,"x",true,1.5]}',
    });
    expect(encode([], "k")).toEqual({ type: "list", data: "[]" });
    expect(encode(createRecord(), "k")).toEqual({ type: "table", data: "{}" });
    expect(encode(new Map(), "k")).toEqual({ type: "table", data: "{}" });
    expect(encode({ $int: "5" }, "k")).toEqual({ type: "table", data: '{"$int":"5"}' });
  });

  test("tags what JSON cannot say", () => {
    const cases: [Value, string][] = [
      [[2n ** 63n - 1n], '[{"$int":"9223372036854775807"}]'],
      [[new Float(1), Number.NaN, new Float(0.5)], '[{"$float":"1.0"},{"$float":"nan"},0.5]'],
      [{ b: Uint8Array.of(255, 254) }, '{"b":{"$bytes":"//4="}}'],
      [
        new Map<number | string, Value>([
          [10, "x"],
          ["n", []],
        ]),
        '{"$map":[[10,"x"],["n",[]]]}',
      ],
      [[{ $int: "5" }, 2n ** 60n], '[{"$map":[["$int","5"]]},{"$int":"1152921504606846976"}]'],
    ];
    for (const [value, tagged] of cases) {
      const { data } = encode(value, "k");
      expect(data).toBeInstanceOf(Uint8Array);
      expect(text(data)).toBe(tagged);
    }
  });

  test("names the path of what cannot be stored", async () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle.again = [cycle];
    class Unsupported {
      readonly what = "a coroutine";
    }
    const cases: [unknown, string][] = [
      [undefined, 'Cannot store "cfg": cfg is nil. Delete the key to have no value.'],
      [null, 'Cannot store "cfg": cfg is json.null.'],
      [() => 1, 'Cannot store "cfg": cfg is a function.'],
      [
        { handlers: [1, { kind: "function", call() {} }] },
        'Cannot store "cfg": cfg.handlers[2] is a function.',
      ],
      [{ "odd key": { x_1: new Unsupported() } }, 'Cannot store "cfg": cfg["odd key"].x_1 is a coroutine.'],
      [new Map([[10, [new Date()]]]), 'Cannot store "cfg": cfg[10][1] is an object that is not a table.'],
      [new Map([[[], 1]]), 'Cannot store "cfg": a key of cfg is a table.'],
      [[1, undefined, 3], 'Cannot store "cfg": cfg[2] is nil.'],
      [cycle, 'Cannot store "cfg": cfg.again[1] is a cycle.'],
      [[2n ** 63n], 'Cannot store "cfg": cfg[1] is an integer of more than 64 bits.'],
      [["\ud800"], 'Cannot store "cfg": cfg[1] is text with half of a surrogate pair.'],
    ];
    for (const [value, message] of cases) {
      expect(await failure(() => encode(value, "cfg"))).toEqual({ code: "bad_value", message });
    }
  });

  test("takes 128 tables in one another and no more", async () => {
    expect(decode(encode(nested(MAX_DEPTH), "k"))).toEqual(nested(MAX_DEPTH));
    const error = await failure(() => encode(nested(MAX_DEPTH + 1), "k"));
    expect(error.code).toBe("bad_value");
    expect(error.message).toContain("nested more than 128 tables deep");
  });

  test("refuses a table that doubles at each level instead of writing it out", async () => {
    let value: Value = ["x"];
    for (let i = 0; i < 60; i++) value = [value, value];
    expect((await failure(() => encode(value, "k", 100_000))).code).toBe("too_large");
  });

  test("counts bytes, not characters", async () => {
    expect(encode("ä".repeat(50), "k", 100).type).toBe("string");
    const { code, message } = await failure(() => encode("ä".repeat(51), "k", 100));
    expect(code).toBe("too_large");
    expect(message).toContain('Cannot store "k": it takes 102 bytes, more than 100 bytes.');
  });
});

describe("decode()", () => {
  test("gives back what encode() was given", () => {
    fc.assert(
      fc.property(storable, (value) => {
        const back = decode(encode(value, "k"));
        expect(equal(back, value)).toBe(true);
        expect(decode(encode(back, "k"))).toEqual(back);
      }),
      { numRuns: 500 },
    );
  });

  test("keeps keys that JavaScript treats specially as plain keys", () => {
    const value = JSON.parse('{"__proto__":{"x":1},"constructor":2,"toJSON":"3"}');
    for (const form of [value, [value, 2n ** 60n]]) {
      const back = decode(encode(form, "k"));
      expect(JSON.stringify(Array.isArray(back) ? back[0] : back)).toBe(JSON.stringify(value));
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    }
  });

  test("says damaged for what encode() never writes", async () => {
    const forged = [
      { type: "table", data: "{" },
      { type: "list", data: new TextEncoder().encode('[{"$nope":"1"}]') },
      { type: "number", data: "many" },
    ] as const;
    for (const encoded of forged) expect((await failure(() => decode(encoded))).code).toBe("damaged");
  });
});

describe("typeOf()", () => {
  test("names types as users see them", () => {
    const values: Value[] = [
      "x",
      1,
      1n,
      new Float(1),
      true,
      [],
      {},
      new Map(),
      Uint8Array.of(255),
      Uint8Array.of(65),
    ];
    expect(values.map(typeOf).join(" ")).toBe(
      "string number number number boolean list table table bytes string",
    );
  });
});
