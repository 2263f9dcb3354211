/**
 * The values that travel between Lua, plugins and the store, without loss:
 *
 * | Lua                            | here                                              |
 * |--------------------------------|---------------------------------------------------|
 * | string, valid UTF-8            | string                                            |
 * | string, other bytes            | Uint8Array                                        |
 * | integer within ±(2^53 - 1)     | number                                            |
 * | other 64-bit integer           | bigint                                            |
 * | float                          | number; `Float` where a number would read as an integer (1.0, -0.0) |
 * | boolean                        | boolean                                           |
 * | table with exactly the keys 1…n | array (an empty one only if marked as a list)    |
 * | table with UTF-8 string keys   | object, of which only its own keys count (also the empty table) |
 * | any other table                | Map                                               |
 *
 * What reads a table looks at own keys alone (`Object.keys`, `Object.hasOwn`): a decoded one may have a prototype.
 */
export type Value =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | Float
  | Value[]
  | ValueMap
  | ValueRecord;
export type ValueKey = string | Uint8Array | number | bigint | boolean | Float;
export type ValueMap = Map<ValueKey, Value>;
export interface ValueRecord {
  [key: string]: Value;
}

/** A Lua float whose JavaScript number would be taken for an integer: integral and within ±(2^53 - 1), or -0. */
export class Float {
  constructor(readonly value: number) {}
}

/** A value that nobody changes: what was made of it may be kept for as long as it is around. */
export class Constant {
  constructor(readonly value: Value) {}
}

/** The types as shown to users (SPEC.md section 1). */
export const VALUE_TYPES = ["string", "number", "boolean", "list", "table", "bytes"] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** A type as a sentence says what something holds: `a list`, `bytes`. */
export function nameType(type: ValueType): string {
  return type === "bytes" ? type : `a ${type}`;
}

export const MIN_INTEGER = -(2n ** 63n);
export const MAX_INTEGER = 2n ** 63n - 1n;

/** Tables and lists nest at most this deep, so that no walk over a value can exhaust a stack. */
export const MAX_DEPTH = 128;

/** A Lua float as a value: boxed only where the bare number would be taken for an integer. */
export function fromFloat(float: number): number | Float {
  return Number.isSafeInteger(float) ? new Float(float) : float;
}

/** A Lua integer as a value. */
export function fromInteger(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

/** A number read without its subtype: what Lua's arithmetic comparison sees. */
export function isFloat(value: number | bigint | Float): boolean {
  return value instanceof Float || (typeof value === "number" && !Number.isSafeInteger(value));
}

/** An object that has no inherited keys, so that `__proto__` and `constructor` are keys like any other. */
export function createRecord(): ValueRecord {
  return Object.create(null) as ValueRecord;
}

/**
 * Something of Lua's that has no value outside the VM, so that it can be neither stored nor turned into JSON: a
 * function, a coroutine, a userdata, a cycle.
 */
export abstract class Opaque {
  /** As an error names it: "a function", "a coroutine", "a cycle". */
  abstract readonly what: string;
}
