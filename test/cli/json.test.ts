import { describe, expect, test } from "bun:test";
import { parseJson, toPlain } from "../../src/cli/json.ts";
import { createRecord, Float, type Value } from "../../src/lib/value.ts";

const write = (value: Value) => JSON.stringify(toPlain(value));

function record(entries: Record<string, Value>): Value {
  return Object.assign(createRecord(), entries);
}

describe("toPlain() and parseJson()", () => {
  test.each<[Value, string]>([
    ["text\u0000\n", '"text\\u0000\\n"'],
    [17, "17"],
    [-5, "-5"],
    [1.5, "1.5"],
    [new Float(1), "1.0"],
    [new Float(-0), "-0.0"],
    [2 ** 53, "9007199254740992.0"],
    [1e300, "1e+300"],
    [true, "true"],
    [9223372036854775807n, '{"$int":"9223372036854775807"}'],
    [Number.NaN, '{"$float":"nan"}'],
    [Number.NEGATIVE_INFINITY, '{"$float":"-inf"}'],
    [new Uint8Array([255, 0]), '{"$bytes":"/wA="}'],
    [[], "[]"],
    [[1, "a", [true]], '[1,"a",[true]]'],
    [record({}), "{}"],
    [record({ a: { b: [1.5] } }), '{"a":{"b":[1.5]}}'],
    [
      new Map<Value & (string | number), Value>([
        [10, "x"],
        ["n", record({})],
      ]),
      '{"$map":[[10,"x"],["n",{}]]}',
    ],
    [record({ $int: "5" }), '{"$map":[["$int","5"]]}'],
    [record({ $ref: "#/a" }), '{"$ref":"#/a"}'],
    [record({ ["__proto__"]: 1, constructor: 2 }), '{"__proto__":1,"constructor":2}'],
  ])("say %p as one text, both ways", (value, json) => {
    expect(write(value)).toBe(json);
    expect(write(parseJson(json))).toBe(json);
  });

  test("keep 64-bit integers whole", () => {
    expect(parseJson("9223372036854775807")).toBe(9223372036854775807n);
    expect(parseJson('[{"id":-9223372036854775808}]')).toEqual([
      record({ id: -9223372036854775808n }),
    ] as Value[]);
  });
});

describe("parseJson()", () => {
  test("leaves a null field out and an array's null for the store to refuse", () => {
    expect(write(parseJson('{"a":null,"b":1}'))).toBe('{"b":1}');
    expect(parseJson("[1,null]") as unknown).toEqual([1, null]);
  });

  test.each([
    ["", "nothing"],
    ["{bad", "{bad"],
    ["hello", "hello"],
    ["null", "null"],
    ["9223372036854775808", "64 bits"],
    ['{"$int":5}', "$int"],
    ['{"$bytes":"?"}', "$bytes"],
    ['{"$float":"many"}', "$float"],
    ["[".repeat(200_000), "JSON"],
  ])("refuses %.20p", (json, named) => {
    expect(() => parseJson(json)).toThrow(named);
  });
});
