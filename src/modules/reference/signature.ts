import { calleeOf } from "../bind.ts";
import type { FunctionDef, ModuleDef } from "../define.ts";
import { describeSchema } from "../schema/describe.ts";
import type { Schema, Shape } from "../schema/words.ts";
import { zodWords } from "../schema/zod.ts";

/** One argument as documentation shows it. */
export interface Parameter {
  /** `...` for all that follow. */
  readonly name: string;
  /** As the Lua language server writes types. */
  readonly type: string;
  readonly optional: boolean;
}

/** The arguments of a function, in order. */
export function parametersOf({ args }: FunctionDef<never>): Parameter[] {
  if (args === undefined) return [];
  const shape = typeof args === "function" ? args(zodWords) : nameByPlace(args);
  return Object.entries(shape).map(([name, schema]) => {
    const { lua, optional = false } = describeSchema(schema);
    return { name: name.startsWith("...") ? "..." : name, type: lua, optional: optional || lua === "any" };
  });
}

/** Arguments without names, as plugins give them: a schema's description is its name when it is one word. */
function nameByPlace(schemas: readonly Schema<unknown>[]): Shape {
  const named = schemas.map((schema, i) => {
    // Full zod's schemas have one, those of its small sister do not.
    const { description } = schema as { readonly description?: unknown };
    const word =
      typeof description === "string" && /^[a-z_]\w*$/i.test(description) ? description : `arg${i + 1}`;
    return [word, schema] as const;
  });
  return Object.fromEntries(named);
}

/** `fs.write(path, content, options?)`. */
export function signatureOf(module: ModuleDef, name: string, definition: FunctionDef<never>): string {
  const words = parametersOf(definition).map(({ name: word, optional }) =>
    optional && word !== "..." ? `${word}?` : word,
  );
  return `${calleeOf(module, name)}(${words.join(", ")})`;
}

/** What a function returns, one type (and perhaps a word on it) for each result. */
export function returnsOf({ returns }: FunctionDef<never>): readonly string[] {
  if (returns === undefined) return [];
  return typeof returns === "string" ? [returns] : returns;
}
