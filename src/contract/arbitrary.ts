import fc from "fast-check";
import { Float, fromFloat, fromInteger, type Value, type ValueKey } from "../lib/value.ts";

/** Text that is UTF-8: no lone surrogates; keys that JavaScript treats specially are frequent. */
export const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("__proto__", "constructor", "toJSON", "$int", "$map", "\\ud800", "", "1"),
  },
);

const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 }).map((some) => Uint8Array.of(0xff, ...some));

export const luaNumber: fc.Arbitrary<number | bigint | Float> = fc.oneof(
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(fromInteger),
  fc.double().map(fromFloat),
  fc.constantFrom(
    new Float(1),
    new Float(-0),
    Number.NaN,
    Infinity,
    1e300,
    2 ** 60,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ),
);

const mapKey: fc.Arbitrary<ValueKey> = fc.oneof(text, bytes, fc.integer(), fc.boolean(), fc.constant(0.5));

/** Any value that a store takes. */
export const storable: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    text,
    luaNumber,
    fc.boolean(),
    bytes,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(text, tie("value"), { maxKeys: 4, noNullPrototype: false }),
    fc.array(fc.tuple(mapKey, tie("value")), { maxLength: 4 }).map((entries) => new Map(entries) as Value),
  ),
})).value;
