import { MAX_DEPTH } from "../../lib/value.ts";
import { fits, isTooLong, unfit } from "./numbers.ts";
import { type TextError, TOO_DEEP } from "./problems.ts";

const SPACE = /[ \t\n\r]*/y;
const SCALAR =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;

type Expectation =
  | "a value"
  | "a value or ]"
  | "a key"
  | "a key or }"
  | "a colon"
  | "a comma or end"
  | "nothing more";

/** Pure: the first mistake of a text that is not JSON (RFC 8259); undefined when it is. */
export function findJsonError(text: string): TextError | undefined {
  const open: ("[" | "{")[] = [];
  let expected: Expectation = "a value";
  let at = 0;
  const afterValue = (): Expectation => (open.length === 0 ? "nothing more" : "a comma or end");
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? "";
  };
  for (;;) {
    at += match(SPACE).length;
    const character = text[at];
    if (character === undefined) {
      return expected === "nothing more"
        ? undefined
        : { offset: at, problem: `it ends where ${wanted(expected, open)} is expected` };
    }
    const closes = character === "]" || character === "}";
    const opener = open.at(-1);
    const matching = (character === "]") === (opener === "[");
    if (closes && opener && matching && /end|]|}/.test(expected)) {
      open.pop();
      at += 1;
      expected = afterValue();
    } else if (expected.startsWith("a value") && (character === "[" || character === "{")) {
      open.push(character);
      at += 1;
      expected = character === "[" ? "a value or ]" : "a key or }";
    } else if (expected.startsWith("a value") || expected.startsWith("a key")) {
      const scalar = match(SCALAR);
      const isKey = expected.startsWith("a key");
      if (scalar === "" || (isKey && !scalar.startsWith('"')))
        return unexpected(text, at, wanted(expected, open));
      at += scalar.length;
      expected = isKey ? "a colon" : afterValue();
    } else if (expected === "a colon" && character === ":") {
      at += 1;
      expected = "a value";
    } else if (expected === "a comma or end" && character === ",") {
      at += 1;
      expected = opener === "[" ? "a value" : "a key";
    } else {
      return unexpected(text, at, wanted(expected, open));
    }
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[[{}\]]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const PAIR = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\./g;

/** Pure: the first thing in a JSON text for which Lua has no value; undefined when there is none. */
export function findUnfit(text: string): TextError | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "[" || token === "{") {
      if (depth++ === MAX_DEPTH) return { offset: index, problem: TOO_DEEP };
    } else if (token === "]" || token === "}") depth--;
    else if (token.startsWith('"')) {
      const half = findHalf(token);
      if (half !== undefined)
        return { offset: index + half, problem: "half of a surrogate pair is no character" };
    } else if (/^-?\d+$/.test(token) && (isTooLong(token) || !fits(BigInt(token)))) {
      return { offset: index, problem: unfit(token) };
    }
  }
  return undefined;
}

/** Where in a string of JSON a surrogate has no other half. */
function findHalf(token: string): number | undefined {
  for (const { 1: unit, index } of token.matchAll(PAIR)) {
    if (unit !== undefined && /^[dD][89a-fA-F]/.test(unit)) return index;
  }
  return undefined;
}

function unexpected(text: string, offset: number, expected: string): TextError {
  const found = text.codePointAt(offset) ?? 0;
  if (text[offset] === '"' && /value|key/.test(expected)) {
    return { offset, problem: "a string that is not closed, or has a bad escape or a line end in it" };
  }
  if (/value/.test(expected) && /^-?0\d/.test(text.slice(offset, offset + 3))) {
    return { offset, problem: "a number that begins with a zero too many" };
  }
  return { offset, problem: `expected ${expected}, found ${JSON.stringify(String.fromCodePoint(found))}` };
}

function wanted(expected: Expectation, open: readonly string[]): string {
  if (expected === "a comma or end") return `a comma or ${open.at(-1) === "[" ? "]" : "}"}`;
  return expected === "nothing more" ? "the end" : expected;
}
