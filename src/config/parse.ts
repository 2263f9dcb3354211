import { messageOf } from "../lib/errors.ts";
import { escapeControls } from "../lib/text.ts";

/** Bytes of a config file; nobody writes so much by hand. */
export const MOST_BYTES = 2 ** 20;
/** Characters and values that a content may have once its aliases are followed, and how deep it may be. */
const MOST_CONTENT = 2 * MOST_BYTES;
const MOST_DEPTH = 64;

/**
 * What a config file says, by its ending: .json, .toml, all else is YAML. An empty text is an empty table. Raises an
 * Error whose message is what is wrong with it, after "it": also for keys that are there twice, for content that is
 * without end, and for what no setting is, such as a date.
 */
export function parseConfig(bytes: Uint8Array, ending: string): unknown {
  if (bytes.length > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES.toLocaleString("en")} bytes`);
  const text = decode(bytes);
  const content = parse(text, ending) ?? {};
  const keys = measure(content);
  if (ending !== ".toml" && mayRepeat(text, keys)) {
    const repeated = syntax().findRepeatedKey(text);
    if (repeated !== undefined)
      throw new Error(`"${escapeControls(repeated.key)}" is there twice (line ${repeated.line})`);
  }
  return content;
}

// Only for files with mistakes: the libraries that know lines are slower than those that come with Bun.
const syntax = (): typeof import("./syntax.ts") => require("./syntax.ts");

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is not UTF-8");
  }
}

function parse(text: string, ending: string): unknown {
  try {
    if (ending === ".json") return text.trim() === "" ? {} : JSON.parse(text);
    return ending === ".toml" ? Bun.TOML.parse(text) : Bun.YAML.parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new Error("it is nested too deeply");
    const line = syntax().findProblem(text, ending);
    const place = line === undefined ? "" : ` (line ${line})`;
    throw new Error(`${escapeControls(messageOf(error))}${place}`);
  }
}

/** The number of keys in a content, each table counted once. Raises for what is too much, too deep, or no setting. */
function measure(content: unknown): number {
  const tables = new Set<object>();
  let [keys, size] = [0, 0];
  const visit = (value: unknown, depth: number) => {
    size += typeof value === "string" ? value.length : 1;
    // An alias inside of what it stands for has no end either way.
    if (size > MOST_CONTENT || depth > MOST_DEPTH) {
      throw new Error(depth > MOST_DEPTH ? "it is nested too deeply" : "its aliases make it too large");
    }
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
      return;
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      throw new Error(
        `it has ${escapeControls(String(value))}, which is no value of a setting. Write it in quotes`,
      );
    }
    const isNew = !tables.has(value);
    tables.add(value);
    for (const [key, inner] of Object.entries(value)) {
      if (isNew) keys++;
      size += key.length;
      visit(inner, depth + 1);
    }
  };
  visit(content, 0);
  return keys;
}

/** Whether a text looks as if it had more keys than came of it: Bun's parsers take the last of equal ones. */
function mayRepeat(text: string, keys: number): boolean {
  const written = text
    .replace(/(^|\s)#.*$/gm, "")
    .match(/"[^"\n]*"\s*:|'[^'\n]*'\s*:|[^\s{}[\],"']+\s*:(?=\s|$)/gm);
  return (written?.length ?? 0) > keys;
}
