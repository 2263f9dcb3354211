import type { Schema } from "./words.ts";

/** How a schema reads. */
export interface Description {
  /** As an error says it after "expected": "a number". */
  readonly phrase: string;
  /** As the Lua language server writes the type: "number". */
  readonly lua: string;
  /** Whether nil will do. */
  readonly optional?: true;
}

/** What a schema of our own words says of itself, since zod cannot tell. */
interface Note {
  readonly phrase: string;
  readonly lua?: string;
  /** Whether it takes numbers, for which a Lua float has to become one. */
  readonly number?: true;
}

const notes = new WeakMap<object, Note>();

/** Remembers how a schema reads; returns it. */
export function note<S extends object>(schema: S, text: Note): S {
  notes.set(schema, text);
  return schema;
}

/** The parts of a zod definition that are looked at here; zod's own types differ with every kind of schema. */
interface Def {
  readonly type: string;
  readonly innerType?: Schema<unknown>;
  readonly in?: Schema<unknown>;
  readonly element?: Schema<unknown>;
  readonly valueType?: Schema<unknown>;
  readonly shape?: Readonly<Record<string, Schema<unknown>>>;
  readonly options?: readonly Schema<unknown>[];
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
}

/** A schema's definition, and whether a note says that it takes numbers. */
export function defOf(schema: Schema<unknown>): Def & { readonly number: boolean } {
  // Every schema has its parts there, under names that depend on its kind: all of them are optional in `Def`.
  return { ...(schema._zod.def as unknown as Def), number: notes.get(schema)?.number === true };
}

/** The fields that a schema for a table of named fields has; undefined for any other schema. */
export function fieldsOf(schema: Schema<unknown>): Readonly<Record<string, Schema<unknown>>> | undefined {
  const { shape, innerType } = defOf(schema);
  return shape ?? (innerType === undefined ? undefined : fieldsOf(innerType));
}

/** How a schema reads to people and to editors. */
export function describeSchema(schema: Schema<unknown>): Description {
  const own = notes.get(schema);
  const derived = derive(schema);
  return { ...derived, ...(own && { phrase: own.phrase, lua: own.lua ?? derived.lua }) };
}

function derive(schema: Schema<unknown>): Description {
  const def = defOf(schema);
  switch (def.type) {
    case "string":
      return { phrase: "a string", lua: "string" };
    case "number":
      return { phrase: "a number", lua: "number" };
    case "boolean":
      return { phrase: "true or false", lua: "boolean" };
    case "bigint":
      return { phrase: "an integer", lua: "integer" };
    case "array":
      return { phrase: "a list", lua: `${within(def.element)}[]` };
    case "record":
      return { phrase: "a table", lua: `table<string, ${within(def.valueType)}>` };
    case "object":
      return { phrase: "a table", lua: fieldTypes(def.shape ?? {}) };
    case "enum":
    case "literal": {
      const words = (def.values ?? Object.values(def.entries ?? {})).map((word) => JSON.stringify(word));
      return { phrase: alternatives(words), lua: words.join("|") };
    }
    case "union": {
      const options = (def.options ?? []).map(describeSchema);
      return {
        phrase: alternatives([...new Set(options.map(({ phrase }) => phrase))]),
        lua: options.map(({ lua }) => lua).join("|"),
      };
    }
    case "optional":
    case "default":
    case "prefault":
      return def.innerType
        ? { ...describeSchema(def.innerType), optional: true }
        : { phrase: "anything", lua: "any", optional: true };
    case "pipe":
      return def.in ? describeSchema(def.in) : { phrase: "anything", lua: "any" };
    default:
      return { phrase: "another value", lua: "any" };
  }
}

function within(schema: Schema<unknown> | undefined): string {
  const { lua } = schema ? describeSchema(schema) : { lua: "any" };
  return lua.includes("|") ? `(${lua})` : lua;
}

function fieldTypes(shape: Readonly<Record<string, Schema<unknown>>>): string {
  const fields = Object.entries(shape).map(([name, field]) => {
    const { lua, optional } = describeSchema(field);
    return `${name}${optional ? "?" : ""}: ${lua}`;
  });
  return fields.length === 0 ? "table" : `{ ${fields.join(", ")} }`;
}

/** "a, b or c". */
function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
