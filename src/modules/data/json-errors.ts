/** Where a JSON text stops being one, and what stands there. */
export interface JsonError {
  readonly offset: number;
  readonly problem: string;
}

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
export function findJsonError(text: string): JsonError | undefined {
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

function unexpected(text: string, offset: number, expected: string): JsonError {
  const found = text.codePointAt(offset) ?? 0;
  if (text[offset] === '"' && /value|key/.test(expected)) {
    return { offset, problem: "a string that is not closed, or has a bad escape or a line end in it" };
  }
  return { offset, problem: `expected ${expected}, found ${JSON.stringify(String.fromCodePoint(found))}` };
}

function wanted(expected: Expectation, open: readonly string[]): string {
  if (expected === "a comma or end") return `a comma or ${open.at(-1) === "[" ? "]" : "}"}`;
  return expected === "nothing more" ? "the end" : expected;
}
