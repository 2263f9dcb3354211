import * as zod from "zod/mini";
import { DURATION_SYNTAX, parseDuration } from "../../lib/duration.ts";
import { parseSize, SIZE_SYNTAX } from "../../lib/size.ts";
import { Float } from "../../lib/value.ts";
import { LuaFunction, type LuaValue } from "../module.ts";
import { note } from "./describe.ts";
import { isEnough, type Schema, type Shape, type Words } from "./words.ts";

/** The words of definitions as zod schemas. */
export const zodWords: Words = {
  string: () => zod.string(),
  bytes: () => note(custom<string | Uint8Array>(isBytes), { phrase: "a string", lua: "string" }),
  number: () => zod.number(),
  integer: (least = -Infinity, most = Infinity) => {
    const phrase = `a whole number${range(least, most)}`;
    const inside = (value: number) => Number.isInteger(value) && value >= least && value <= most;
    return note(zod.number().check(zod.refine(inside)), { phrase, lua: "integer" });
  },
  numeric: () => note(custom<number | bigint | Float>(isNumeric), { phrase: "a number", lua: "number" }),
  seconds: (least) => {
    const phrase = `a number of seconds${least === undefined ? "" : `, ${least}`}`;
    return note(zod.number().check(zod.refine((value: number) => isEnough(value, least))), { phrase });
  },
  boolean: () => zod.boolean(),
  duration: () => written(parseDuration, DURATION_SYNTAX),
  size: () => written(parseSize, SIZE_SYNTAX),
  oneOf: (words) => zod.enum(words as readonly [(typeof words)[number]]),
  fn: () => note(custom<LuaFunction>(isFunction), { phrase: "a function", lua: "function" }),
  any: () => note(zod.optional(zod.any()) as Schema<LuaValue>, { phrase: "anything", lua: "any" }),
  list: (item) => zod.array(item),
  record: (item) => zod.record(zod.string(), item),
  options: <S extends Shape>(fields: S) => {
    const schema = zod._default(zod.strictObject(fields), {} as never);
    // The output of a strict object is what its fields give, which TypeScript does not see through `_default`.
    return note(schema, { phrase: "a table of options" }) as unknown as ReturnType<
      typeof zodWords.options<S>
    >;
  },
  fields: <S extends Shape>(fields: S) =>
    // As above.
    note(zod.strictObject(fields), { phrase: "a table of options" }) as unknown as ReturnType<
      typeof zodWords.fields<S>
    >,
  optional: (inner) => zod.optional(inner),
  either: (first, second) => zod.union([first, second]),
};

/** A quantity that is a number, or a text with a unit. */
function written(parse: (input: string | number) => number | undefined, phrase: string): Schema<number> {
  const read = (value: unknown) => parse(typeof value === "string" ? value : Number(value));
  const given = custom<string | number>(
    (value) => (typeof value === "string" || typeof value === "number") && read(value) !== undefined,
  );
  const schema = zod.pipe(
    given,
    zod.transform((value) => read(value) ?? 0),
  );
  return note(schema, { phrase, lua: "string|number", number: true });
}

function custom<T>(test: (value: unknown) => boolean): Schema<T> {
  return zod.custom<T>(test);
}

function isBytes(value: unknown): boolean {
  return typeof value === "string" || value instanceof Uint8Array;
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" || value instanceof Float;
}

function isFunction(value: unknown): boolean {
  return value instanceof LuaFunction;
}

function range(least: number, most: number): string {
  if (least === -Infinity && most === Infinity) return "";
  if (most === Infinity) return ` of at least ${least}`;
  return ` from ${least} to ${most}`;
}
