import { Liquid, LiquidError } from "liquidjs";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { Float, Opaque } from "../../lib/value.ts";
import { encodeJson } from "../data/json.ts";
import { floatText } from "../data/numbers.ts";
import type { LuaRecord, LuaValue } from "../module.ts";

/** A template may loop over what it likes; these end one that would not end. */
const RENDER_LIMIT_MS = 10_000;
/** Characters that filters make, and items of lists that templates make; an item of a range takes some 40 bytes. */
const MEMORY_LIMIT = 4_000_000;
/** Characters of one template. */
const PARSE_LIMIT = 16_000_000;

/**
 * Templates in the Liquid language, interpreted: nothing in them becomes code. Files cannot be included, and of a
 * value only its own fields can be reached.
 */
const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  lenientIf: true,
  ownPropertyOnly: true,
  renderLimit: RENDER_LIMIT_MS,
  memoryLimit: MEMORY_LIMIT,
  templates: {},
});

/** What the filters for numbers make of integers that a JavaScript number cannot hold. */
const INTEGER_FILTERS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  plus: (a, b) => a + b,
  minus: (a, b) => a - b,
  times: (a, b) => a * b,
  divided_by: (a, b) => a / b,
  modulo: (a, b) => a % b,
  // Math.max takes no integers.
  at_least: (a, b) => (a < b ? b : a + 0n),
  at_most: (a, b) => (a > b ? b : a + 0n),
  abs: (a) => (a < 0n ? -a : a),
  ceil: (a) => a,
  floor: (a) => a,
  round: (a) => a,
};

for (const [name, calculate] of Object.entries(INTEGER_FILTERS)) {
  const usual = engine.filters[name];
  if (typeof usual !== "function") throw new TypeError(`Liquid has no filter ${name}`);
  engine.registerFilter(name, function (value: unknown, ...rest: unknown[]) {
    const [other = 0] = rest;
    const divides = name === "divided_by" || name === "modulo";
    if (divides && Number(other) === 0) throw new RangeError("division by zero");
    if (typeof value !== "bigint" && typeof other !== "bigint") return usual.call(this, value, ...rest);
    const whole = [value, other].map(toWhole);
    const [a, b] = whole;
    if (a === undefined || b === undefined) return usual.call(this, Number(value), Number(other));
    return calculate(a, b);
  });
}

/** Integers in full, which the library's own filter does not write. */
function toJson(value: unknown, space = 0): string {
  const form = (_: string, part: unknown) => (typeof part === "bigint" ? JSON.rawJSON(String(part)) : part);
  return JSON.stringify(value, form, space);
}

for (const name of ["json", "jsonify"]) engine.registerFilter(name, toJson);

function toWhole(value: unknown): bigint | undefined {
  return /^-?\d+$/.test(String(value)) ? BigInt(String(value)) : undefined;
}

/** The values that tables in templates were made of, for those that are printed as a whole. */
const SOURCES = new WeakMap<object, LuaValue>();
/** What tables in templates have besides their own fields, which alone can be reached. */
const TABLE = {
  toString(this: object): string {
    return encodeJson(SOURCES.get(this) ?? {});
  },
};

/**
 * The text of a template with its variables. `name` is how errors call it. Raises `bad_value` for an unknown name or
 * filter and for what is no template, with line and column.
 */
export function renderTemplate(text: string, vars: LuaRecord, name: string): string {
  if (text.length > PARSE_LIMIT) {
    throw new RunnerError("too_large", `Cannot render ${name}: it has more than ${PARSE_LIMIT} characters.`);
  }
  const scope = Object.fromEntries(Object.entries(vars).map(([key, value]) => [key, toScope(value, key)]));
  try {
    return String(engine.parseAndRenderSync(text, scope));
  } catch (error) {
    if (!LiquidError.is(error)) throw error;
    const [line, column] = error.token.getPosition();
    const cause = error.originalError ?? error;
    const problem = messageOf(cause)
      .replace(/, line:.*$/s, "")
      .replace(/^undefined (variable|filter): (.*)$/s, 'there is no $1 "$2"')
      .replace(/^tag (".*") not found$/s, "there is no tag $1")
      .replace(/^ENOENT: Failed to lookup .*$/s, "a template cannot include others")
      .replace(/^.*BigInt.*$/s, "an integer beyond 2^53 is too large for this")
      .replace(/^memory alloc limit exceeded$/, `it makes more than ${MEMORY_LIMIT} characters or items`)
      .replace(/^template render limit exceeded$/, `it takes more than ${RENDER_LIMIT_MS / 1000} s`)
      .replace(/\.$/, "");
    throw new RunnerError("bad_value", `Cannot render ${name}: line ${line}, column ${column}: ${problem}.`, {
      cause: error,
    });
  }
}

/** A value as templates see it: numbers print as Lua prints them. */
function toScope(value: LuaValue, path: string): unknown {
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Uint8Array || value instanceof Opaque) {
    const what = value instanceof Opaque ? value.what : "a string that is not UTF-8";
    throw new RunnerError("bad_value", `Cannot use vars.${path} in a template: it is ${what}.`);
  }
  if (Array.isArray(value)) return value.map((item: LuaValue, i) => toScope(item, `${path}[${i + 1}]`));
  if (typeof value !== "object" || value === null) return value;
  const entries: [LuaValue, LuaValue][] = value instanceof Map ? [...value] : Object.entries(value);
  // A loop goes by the order of the names, as that of a Lua table is another one each time.
  entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const table = Object.create(TABLE) as Record<string, unknown>;
  for (const [key, inner] of entries) {
    // By definition, so that a field "__proto__" is one like all others.
    Object.defineProperty(table, String(key), {
      value: toScope(inner, `${path}.${String(key)}`),
      enumerable: true,
    });
  }
  SOURCES.set(table, value);
  return table;
}
