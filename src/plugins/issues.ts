import type { z } from "zod";
import { didYouMean } from "../lib/suggest.ts";

/** What zod calls the kinds of values, as people call them. */
const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
  undefined: "nothing",
};

/** The first of a schema's complaints about a value, such as `timeout: expected a number, got "soon".` */
export function explainIssue(schema: z.ZodType, value: unknown, root: string): string | undefined {
  const unknown = findUnknown(schema, value, root);
  if (unknown !== undefined) return unknown;
  const result = schema.safeParse(value);
  if (result.success) return undefined;
  const [issue] = result.error.issues;
  if (issue === undefined) return `${root} is not acceptable.`;
  const at = pathOf(root, issue.path);
  const got = valueAt(value, issue.path);
  if (issue.code === "invalid_type") {
    const expected = KINDS[issue.expected] ?? issue.expected;
    return got === undefined
      ? `${at} is missing. Expected ${expected}.`
      : `${at} is ${show(got)}. Expected ${expected}.`;
  }
  if (issue.code === "invalid_key") return `${at}: ${issue.issues[0]?.message ?? "its name will not do"}.`;
  if (got === undefined) return `${at} is missing.`;
  return `${at} is ${show(got)}: ${issue.message.replace(/\.$/, "")}.`;
}

/** A key that the schema's tables do not have: zod would leave it out without a word. */
function findUnknown(schema: z.ZodType, value: unknown, path: string): string | undefined {
  // The parts of a zod definition, whose types differ with every kind of schema.
  const def = schema._zod.def as {
    innerType?: z.ZodType;
    shape?: Record<string, z.ZodType>;
    catchall?: z.ZodType;
  };
  if (def.innerType !== undefined) return findUnknown(def.innerType, value, path);
  if (def.shape === undefined || typeof value !== "object" || value === null || Array.isArray(value))
    return undefined;
  const loose = def.catchall !== undefined && def.catchall._zod.def.type !== "never";
  for (const [key, inner] of Object.entries(value)) {
    const field = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
    if (field === undefined && !loose) {
      const known = Object.keys(def.shape);
      const hint = didYouMean(key, known) || (known.length > 0 ? ` Known: ${known.join(", ")}.` : "");
      return `there is no "${pathOf(path, [key])}".${hint}`;
    }
    const problem = field && findUnknown(field, inner, pathOf(path, [key]));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function pathOf(root: string, path: readonly PropertyKey[]): string {
  return path
    .reduce<string>(
      (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${String(part)}`),
      root,
    )
    .replace(/^\./, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((outer, part) => {
    if (typeof outer !== "object" || outer === null) return undefined;
    // A path of zod's leads through what it has looked into.
    return (outer as Record<PropertyKey, unknown>)[part];
  }, value);
}

const SHOWN = 60;

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  const text =
    typeof value === "object"
      ? Array.isArray(value)
        ? "a list"
        : "a table"
      : (JSON.stringify(value) ?? String(value));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
