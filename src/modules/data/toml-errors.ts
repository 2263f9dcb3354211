import { MAX_DEPTH } from "../../lib/value.ts";
import { fits, isTooLong, unfit } from "./numbers.ts";
import { type TextError, TOO_DEEP } from "./problems.ts";

/** Texts, comments, what gives a document its shape, and all else: numbers, bare keys, dots between quoted keys. */
const TOKEN =
  /"""[^"\\]*(?:(?:\\[\s\S]|"(?!""))[^"\\]*)*"{3,5}|'''[\s\S]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[[\]{}=\n]|[^\s[\]{}=,#"']+/g;
const KEY_ENDS = /[ \t]*=/y;
const INTEGER = /^(?:[-+]?\d[\d_]*|0x[\da-fA-F_]+|0o[0-7_]+|0b[01_]+)$/;

/**
 * Pure: the first integer of a TOML document for which Lua has no value, or where it nests too deep; undefined when
 * none is found.
 */
export function findUnfit(text: string): TextError | undefined {
  // Levels that are open: brackets, the tables of the last header, and those of the dots in the key of this statement.
  let open = 0;
  let header = 0;
  let dots = 0;
  let brackets = 0;
  let isValue = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === "\n") {
      if (open > 0) continue;
      if (brackets > 0) header = brackets + dots;
      brackets = dots = 0;
      isValue = false;
    } else if (token === "]" || token === "}") open--;
    else if (token === "[" || token === "{") {
      open++;
      if (!isValue) brackets++;
      else if (1 + header + dots + open > MAX_DEPTH) return { offset: index, problem: TOO_DEEP };
    } else if (token === "=") isValue = true;
    else if (/^["'#]/.test(token)) continue;
    else if (!isValue) {
      dots += token.split(".").length - 1;
      if (1 + (brackets > 0 ? brackets : header) + dots > MAX_DEPTH)
        return { offset: index, problem: TOO_DEEP };
    } else if (INTEGER.test(token)) {
      KEY_ENDS.lastIndex = index + token.length;
      if ((isTooLong(token) || !fits(BigInt(token.replaceAll("_", "")))) && !KEY_ENDS.test(text))
        return { offset: index, problem: unfit(token) };
    }
  }
  return undefined;
}
