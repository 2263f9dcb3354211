import { RunnerError } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/suggest.ts";
import { Float } from "../../lib/value.ts";
import { describe, isRecord } from "../arguments.ts";
import type { LuaValue } from "../module.ts";
import { isEmptyTable } from "./accept.ts";
import { defOf, describeSchema, fieldsOf } from "./describe.ts";
import type { Schema, Shape } from "./words.ts";

/** The parts of a zod issue that messages are made from. */
interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

/**
 * What a function gets for these arguments by its zod schemas. Raises `bad_argument` for the first one that does not
 * fit, such as `exec.run: argument 2, field "timeout": expected a number, got "soon"`.
 */
export function parseArguments(
  callee: string,
  shape: Shape,
  values: readonly LuaValue[],
): Record<string, unknown> {
  const taken: Record<string, unknown> = {};
  Object.entries(shape).forEach(([name, schema], index) => {
    if (!name.startsWith("...")) {
      taken[name] = parseArgument(callee, { index, name, schema }, values[index]);
      return;
    }
    const rest = name.slice(3);
    taken[rest] = values
      .slice(index)
      .map((value, i) => parseArgument(callee, { index: index + i, name: rest, schema }, value));
  });
  return taken;
}

interface Argument {
  readonly index: number;
  readonly name: string;
  readonly schema: Schema<unknown>;
}

function parseArgument(callee: string, { index, name, schema }: Argument, value: LuaValue): unknown {
  const plain = toPlain(schema, value);
  const result = schema.safeParse(plain);
  if (result.success) return result.data;
  const issues: readonly Issue[] = result.error.issues;
  // A mistyped name explains the field that is missing.
  const issue = withinList(issues.find(({ keys }) => keys !== undefined) ?? issues[0], schema, value);
  const problem = issue === undefined ? "not acceptable" : explain(issue, schema, value);
  const bare = issue?.path.length || issue?.code === "unrecognized_keys" || /^\d/.test(name);
  const place = bare ? "" : ` (${name})`;
  // The code is that of every other key which no store can have.
  const isBadKey = name === "key" && value instanceof Uint8Array;
  throw new RunnerError(
    isBadKey ? "bad_key" : "bad_argument",
    `${callee}: argument ${index + 1}${place}${isBadKey ? ": it is not UTF-8" : problem}`,
  );
}

/** What is wrong with an item of a list, where something else than a list would do as well: zod says only that none fits. */
function withinList(issue: Issue | undefined, schema: Schema<unknown>, whole: LuaValue): Issue | undefined {
  const value = issue && valueAt(whole, issue.path);
  if (issue === undefined || !Array.isArray(value)) return issue;
  const list = defOf(schemaAt(schema, issue.path)).options?.find((option) => defOf(option).element);
  const [inner]: readonly Issue[] = list?.safeParse(toPlain(list, value)).error?.issues ?? [];
  return inner === undefined ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}

function explain(issue: Issue, schema: Schema<unknown>, value: LuaValue): string {
  const [unknown] = issue.keys ?? [];
  if (unknown !== undefined) {
    const known = Object.keys(fieldsOf(schemaAt(schema, issue.path)) ?? {});
    const hint = didYouMean(unknown, known) || ` Known: ${known.join(", ")}`;
    return `${placeOf([...issue.path, unknown])}: not an option of this function.${hint}`;
  }
  // Without a language loaded, zod says only "Invalid input"; a plugin's own words are kept.
  const own = issue.message === "Invalid input" || issue.code === "invalid_type" ? undefined : issue.message;
  const { phrase } = describeSchema(schemaAt(schema, issue.path));
  const got = describe(valueAt(value, issue.path));
  // A table that is none of these has keys of other kinds.
  const expected = own ?? `expected ${phrase === got ? `${phrase} whose keys are text` : phrase}`;
  return `${placeOf(issue.path)}: ${expected}, got ${got}`;
}

/** `, field "a.b"`, `, item 3`. */
function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  if (path.every((part) => typeof part === "number"))
    return `, item ${path.map((i) => Number(i) + 1).join(".")}`;
  const text = path.map((part) => (typeof part === "number" ? `[${part + 1}]` : `.${String(part)}`)).join("");
  return `, field "${text.replace(/^\./, "")}"`;
}

function schemaAt(schema: Schema<unknown>, path: readonly PropertyKey[]): Schema<unknown> {
  const { innerType, shape, element, valueType, options = [] } = defOf(schema);
  const [part, ...deeper] = path;
  if (part === undefined) return schema;
  if (innerType !== undefined) return schemaAt(innerType, path);
  const list = options.find((option) => defOf(option).element);
  const inner = fieldOf(shape, String(part)) ?? element ?? valueType ?? (list && defOf(list).element);
  return inner === undefined ? schema : schemaAt(inner, deeper);
}

/** The schema of a field; none for a name that every object knows, such as `constructor`. */
function fieldOf(shape: Shape | undefined, name: string): Schema<unknown> | undefined {
  return shape !== undefined && Object.hasOwn(shape, name) ? shape[name] : undefined;
}

function valueAt(value: LuaValue, path: readonly PropertyKey[]): LuaValue {
  return path.reduce<LuaValue>((outer, part) => {
    if (Array.isArray(outer)) return outer[Number(part)];
    return isRecord(outer) ? outer[String(part)] : undefined;
  }, value);
}

/**
 * The value as zod expects it where a schema stands: Lua's floats and big integers as numbers, an empty table as an
 * empty list. What no schema looks into stays as it is.
 */
function toPlain(schema: Schema<unknown>, value: LuaValue): unknown {
  const def = defOf(schema);
  if (def.type === "number" || def.number) {
    if (value instanceof Float) return value.value;
    return typeof value === "bigint" ? Number(value) : value;
  }
  if (def.innerType) return value === undefined ? value : toPlain(def.innerType, value);
  if (def.element) {
    const { element } = def;
    if (isEmptyTable(value)) return [];
    return Array.isArray(value) ? value.map((item: LuaValue) => toPlain(element, item)) : value;
  }
  if (def.options) {
    const candidates = def.options.map((option) => ({ option, plain: toPlain(option, value) }));
    return candidates.find(({ option, plain }) => option.safeParse(plain).success)?.plain ?? value;
  }
  // Keys that are no text are among those that it does not know.
  if (def.shape && Array.isArray(value)) return Object.fromEntries(value.map((item, i) => [i + 1, item]));
  if (def.shape && value instanceof Map) {
    return Object.fromEntries(
      [...value].map(([key, item]) => [typeof key === "string" ? key : describe(key), item]),
    );
  }
  if (!isRecord(value) || !(def.shape || def.valueType)) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    const field = fieldOf(def.shape, key) ?? def.valueType;
    return [key, field ? toPlain(field, inner) : inner] as const;
  });
  return Object.fromEntries(entries);
}
