import { parseDuration } from "../../lib/duration.ts";
import { parseSize } from "../../lib/size.ts";
import { Float } from "../../lib/value.ts";
import { isRecord, toNumber } from "../arguments.ts";
import { LuaFunction, type LuaValue } from "../module.ts";
import { isEnough, type Least, type Words } from "./words.ts";

/** What a quick test gives for a value that it does not take. */
const REFUSED = Symbol("refused");
/** What the function gets for a value, or REFUSED. */
type Test = (value: LuaValue) => unknown;

const number: Test = (value) => (typeof value === "number" ? value : (toNumber(value) ?? REFUSED));
const text: Test = (value) => (typeof value === "string" ? value : REFUSED);

const tests = {
  string: () => text,
  bytes: () => (value: LuaValue) =>
    typeof value === "string" || value instanceof Uint8Array ? value : REFUSED,
  number: () => number,
  numeric: () => (value: LuaValue) =>
    typeof value === "number" || typeof value === "bigint" || value instanceof Float ? value : REFUSED,
  seconds: (least?: Least) => (value: LuaValue) => {
    const given = typeof value === "number" ? value : (toNumber(value) ?? Number.NaN);
    return isEnough(given, least) ? given : REFUSED;
  },
  integer:
    (least = -Infinity, most = Infinity) =>
    (value: LuaValue) => {
      const given = toNumber(value) ?? Number.NaN;
      return Number.isInteger(given) && given >= least && given <= most ? given : REFUSED;
    },
  boolean: () => (value: LuaValue) => (typeof value === "boolean" ? value : REFUSED),
  duration: () => (value: LuaValue) =>
    parseDuration(typeof value === "string" ? value : (toNumber(value) ?? Number.NaN)) ?? REFUSED,
  size: () => (value: LuaValue) =>
    parseSize(typeof value === "string" ? value : (toNumber(value) ?? Number.NaN)) ?? REFUSED,
  oneOf: (words: readonly string[]) => (value: LuaValue) =>
    typeof value === "string" && words.includes(value) ? value : REFUSED,
  fn: () => (value: LuaValue) => (value instanceof LuaFunction ? value : REFUSED),
  any: () => (value: LuaValue) => value,
  list: (item: Test) => (value: LuaValue) => {
    if (!Array.isArray(value)) return isEmptyTable(value) ? [] : REFUSED;
    const items = value.map(item);
    return items.includes(REFUSED) ? REFUSED : items;
  },
  record: (item: Test) => (value: LuaValue) => {
    if (!isRecord(value)) return REFUSED;
    const entries = Object.entries(value).map(([key, inner]) => [key, item(inner)] as const);
    return entries.some(([, inner]) => inner === REFUSED) ? REFUSED : Object.fromEntries(entries);
  },
  options: (fields: Readonly<Record<string, Test>>) => (value: LuaValue) =>
    takeFields(fields, value === undefined ? {} : value),
  fields: (fields: Readonly<Record<string, Test>>) => (value: LuaValue) => takeFields(fields, value),
  optional: (inner: Test) => (value: LuaValue) => (value === undefined ? undefined : inner(value)),
  either: (first: Test, second: Test) => (value: LuaValue) => {
    const taken = first(value);
    return taken === REFUSED ? second(value) : taken;
  },
};

function takeFields(fields: Readonly<Record<string, Test>>, value: LuaValue): unknown {
  if (!isRecord(value)) return REFUSED;
  for (const key in value) if (!Object.hasOwn(fields, key)) return REFUSED;
  const taken: Record<string, unknown> = {};
  for (const key in fields) {
    const field = fields[key]?.(value[key]);
    if (field === REFUSED) return REFUSED;
    taken[key] = field;
  }
  return taken;
}

/** Whether a value is a table without anything in it, which may stand for an empty list. */
export function isEmptyTable(value: LuaValue): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

/**
 * A quick test for the arguments of a function: what it gets, by name, or undefined when something is not as
 * described, whatever it is.
 */
export function createAcceptor(
  args: (words: Words) => Readonly<Record<string, unknown>>,
): (values: readonly LuaValue[]) => Record<string, unknown> | undefined {
  // A definition only hands on what the words give it, so that they may be tests instead of schemas.
  const shape = args(tests as unknown as Words) as Readonly<Record<string, Test>>;
  const named = Object.entries(shape);
  const rest = named.at(-1)?.[0].startsWith("...") ? named.pop() : undefined;
  const names = named.map(([name]) => name);
  const single = named.map(([, test]) => test);
  const accept = (values: readonly LuaValue[]) => {
    const taken: Record<string, unknown> = {};
    for (let i = 0; i < single.length; i++) {
      // Both have as many.
      const value = (single[i] as Test)(values[i]);
      if (value === REFUSED) return undefined;
      taken[names[i] as string] = value;
    }
    return taken;
  };
  if (rest === undefined) return accept;
  const [dotted, test] = rest;
  const name = dotted.slice(3);
  return (values) => {
    const taken = accept(values);
    const items = values.slice(names.length).map(test);
    return taken && !items.includes(REFUSED) ? Object.assign(taken, { [name]: items }) : undefined;
  };
}
