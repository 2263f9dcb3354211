import * as zod from "zod/mini";
import { DURATION_SYNTAX, parseDuration } from "../../lib/duration.ts";
import { LuaFunction, type LuaValue } from "../module.ts";
import { note } from "./describe.ts";
import type { Schema, Shape, Words } from "./words.ts";

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
  boolean: () => zod.boolean(),
  duration: () => {
    const parse = (value: unknown) => parseDuration(typeof value === "string" ? value : Number(value));
    const given = custom<string | number>(
      (value) => (typeof value === "string" || typeof value === "number") && parse(value) !== undefined,
    );
    const schema = zod.pipe(
      given,
      zod.transform((value) => parse(value) ?? 0),
    );
    return note(schema, { phrase: DURATION_SYNTAX, lua: "string|number", number: true });
  },
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
  optional: (inner) => zod.optional(inner),
  either: (first, second) => zod.union([first, second]),
};

function custom<T>(test: (value: unknown) => boolean): Schema<T> {
  return zod.custom<T>(test);
}

function isBytes(value: unknown): boolean {
  return typeof value === "string" || value instanceof Uint8Array;
}

function isFunction(value: unknown): boolean {
  return value instanceof LuaFunction;
}

function range(least: number, most: number): string {
  if (least === -Infinity && most === Infinity) return "";
  if (most === Infinity) return ` of at least ${least}`;
  return ` from ${least} to ${most}`;
}
