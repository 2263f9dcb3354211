import { parse as parseToml, TomlError } from "smol-toml";
import { type Document, parseDocument } from "yaml";

/*
 * What Bun's own parsers do not say about a config file. Loaded only for files with mistakes. JSON is read as the YAML
 * that it is.
 */

/** The line of the first mistake in a text; undefined where none is found. */
export function findProblem(text: string, ending: string): number | undefined {
  if (ending !== ".toml") return documentOf(text)?.errors[0]?.linePos?.[0].line;
  try {
    parseToml(text);
    return undefined;
  } catch (error) {
    return error instanceof TomlError ? error.line : undefined;
  }
}

/** A key that a table has twice, with the line of its second place. */
export function findRepeatedKey(text: string): { readonly key: string; readonly line: number } | undefined {
  const error = documentOf(text)?.errors.find(({ code }) => code === "DUPLICATE_KEY");
  if (error === undefined) return undefined;
  const key = /^(?:"([^"\n]*)"|'([^'\n]*)'|([^\s:,{}[\]]+))/.exec(text.slice(error.pos[0])) ?? [];
  return { key: key[1] ?? key[2] ?? key[3] ?? "a key", line: error.linePos?.[0].line ?? 1 };
}

function documentOf(text: string): Document.Parsed | undefined {
  try {
    return parseDocument(text);
  } catch {
    // Nested so deeply that its parser gives up.
    return undefined;
  }
}
