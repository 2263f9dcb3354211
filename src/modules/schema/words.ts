import type { ZodMiniType } from "zod/mini";
import type { Float } from "../../lib/value.ts";
import type { LuaFunction, LuaValue } from "../module.ts";

/** A zod schema for one argument; `T` is what the function gets. */
export type Schema<T> = ZodMiniType<T>;
export type Output<S> = S extends Schema<infer T> ? T : never;

/**
 * Arguments by name, in their order. A name that starts with `...` takes all that follow; its function gets them as
 * an array without the dots.
 */
export type Shape = Readonly<Record<string, Schema<unknown>>>;

/** What the function of a definition gets for its arguments. */
export type ArgsOf<S extends Shape> = {
  [K in keyof S as K extends `...${infer Name}` ? Name : K]: K extends `...${string}`
    ? Output<S[K]>[]
    : Output<S[K]>;
};

/** The least number of seconds that will do. */
export type Least = "above zero" | "zero or more";

/** Whether a number of seconds is as much as `least` says. */
export function isEnough(seconds: number, least: Least | undefined): boolean {
  return seconds > 0 || (least !== "above zero" && seconds === 0) || (least === undefined && seconds < 0);
}

/**
 * The words in which definitions describe arguments. There are two speakers of them: `schema/accept.ts` builds a
 * quick test for the calls that are right, and `schema/zod.ts` builds zod schemas, which explain a call that is not
 * and describe the arguments in documentation. So zod, which takes milliseconds to load, loads only for those.
 */
export interface Words {
  /** UTF-8 text. */
  string(): Schema<string>;
  /** Text or any other bytes. */
  bytes(): Schema<string | Uint8Array>;
  /** A number of any subtype; a 64-bit integer is rounded. */
  number(): Schema<number>;
  /** A number whose subtype counts. */
  numeric(): Schema<number | bigint | Float>;
  /** A whole number within bounds, both inclusive. */
  integer(least?: number, most?: number): Schema<number>;
  boolean(): Schema<boolean>;
  /** A number of seconds, fractions allowed; of any size without `least`. */
  seconds(least?: Least): Schema<number>;
  /** Milliseconds, written as lib/duration.ts says. */
  duration(): Schema<number>;
  /** Bytes, written as lib/size.ts says. */
  size(): Schema<number>;
  oneOf<const T extends string>(words: readonly T[]): Schema<T>;
  fn(): Schema<LuaFunction>;
  /** Anything, nil included. */
  any(): Schema<LuaValue>;
  list<T>(item: Schema<T>): Schema<T[]>;
  /** A table of any string keys. */
  record<T>(item: Schema<T>): Schema<Record<string, T>>;
  /** A table of named fields, each of them optional where its schema is; others are refused. Absent means empty. */
  options<S extends Shape>(fields: S): Schema<{ [K in keyof S]: Output<S[K]> }>;
  /** Such a table that has to be given. */
  fields<S extends Shape>(fields: S): Schema<{ [K in keyof S]: Output<S[K]> }>;
  optional<T>(inner: Schema<T>): Schema<T | undefined>;
  either<A, B>(first: Schema<A>, second: Schema<B>): Schema<A | B>;
}
