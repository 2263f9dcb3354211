import { RunnerError } from "../lib/errors.ts";

/** A key pattern, ready to match. */
export interface Pattern {
  /** What every matching key starts with: the range to look in. */
  readonly prefix: string;
  readonly matches: (key: string) => boolean;
}

/** A part that takes exactly one code point, or `*`, which takes any number of them. */
type Part =
  | "*"
  | { readonly literal: string }
  | { readonly negated: boolean; readonly ranges: readonly Range[] };
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a pattern: `*` any text, `?` any one character, `[a-z]` and `[^a]` or `[!a]` one of these or none of
 * these, `\` before a character for itself. All else is literal, upper and lower case differ. A character is a
 * Unicode code point. Raises `bad_argument` for a class that does not end or a `\` at the end.
 */
export function parsePattern(text: string): Pattern {
  const parts = parseParts(text);
  const literals = parts.findIndex((part) => typeof part === "string" || !("literal" in part));
  const prefix = (literals < 0 ? parts : parts.slice(0, literals))
    .map((part) => (typeof part !== "string" && "literal" in part ? part.literal : ""))
    .join("");
  if (literals < 0) return { prefix, matches: (key) => key === prefix };
  const rest = parts.slice(literals);
  if (rest.every((part) => part === "*")) return { prefix, matches: (key) => key.startsWith(prefix) };
  return { prefix, matches: (key) => key.startsWith(prefix) && matchParts(rest, key.slice(prefix.length)) };
}

/** The pattern of all keys that start with a prefix, literally. */
export function patternOfPrefix(prefix: string): string {
  return `${prefix.replace(/[*?[\]\\]/g, "\\$&")}*`;
}

function parseParts(text: string): Part[] {
  const points = [...text];
  const parts: Part[] = [];
  for (let at = 0; at < points.length; ) {
    const point = points[at] as string;
    if (point === "[") {
      const { part, end } = parseClass(points, at, text);
      parts.push(part);
      at = end;
    } else if (point === "\\") {
      parts.push({ literal: escaped(points, at, text) });
      at += 2;
    } else {
      if (point === "?") parts.push({ negated: true, ranges: [] });
      else if (point !== "*") parts.push({ literal: point });
      else if (parts.at(-1) !== "*") parts.push("*");
      at++;
    }
  }
  return parts;
}

function parseClass(points: readonly string[], start: number, text: string): { part: Part; end: number } {
  let at = start + 1;
  const negated = points[at] === "^" || points[at] === "!";
  if (negated) at++;
  const ranges: Range[] = [];
  while (points[at] !== "]") {
    const from = classPoint(points, at, text);
    at = from.end;
    // A "-" just before the end of the class is itself.
    if (points[at] === "-" && at + 1 < points.length && points[at + 1] !== "]") {
      const to = classPoint(points, at + 1, text);
      if (to.code < from.code) throw bad(text, "a range runs from a higher character to a lower one");
      ranges.push({ from: from.code, to: to.code });
      at = to.end;
    } else {
      ranges.push({ from: from.code, to: from.code });
    }
  }
  if (ranges.length === 0) throw bad(text, 'a class "[]" is empty');
  return { part: { negated, ranges }, end: at + 1 };
}

function classPoint(points: readonly string[], at: number, text: string): { code: number; end: number } {
  const point = points[at];
  if (point === undefined) throw bad(text, 'a class "[" is not closed');
  if (point === "\\") return { code: codeOf(escaped(points, at, text)), end: at + 2 };
  return { code: codeOf(point), end: at + 1 };
}

function escaped(points: readonly string[], at: number, text: string): string {
  const point = points[at + 1];
  if (point === undefined) throw bad(text, 'a "\\" stands at its end');
  return point;
}

function codeOf(point: string): number {
  return point.codePointAt(0) as number;
}

function bad(text: string, why: string): RunnerError {
  const message = `Cannot use pattern ${JSON.stringify(text)}: ${why}. Write "\\" before a character to mean itself.`;
  return new RunnerError("bad_argument", message);
}

/**
 * Only the last `*` is ever extended: an earlier one cannot do better once what follows it has matched. So the
 * steps are at most the length of the key times that of the pattern.
 */
function matchParts(parts: readonly Part[], text: string): boolean {
  const points = [...text];
  let [part, point, star, from] = [0, 0, -1, 0];
  while (point < points.length) {
    const current = parts[part];
    if (current === "*") {
      star = part++;
      from = point;
    } else if (current !== undefined && matchOne(current, points[point] as string)) {
      part++;
      point++;
    } else if (star >= 0) {
      part = star + 1;
      point = ++from;
    } else return false;
  }
  return part === parts.length || (part === parts.length - 1 && parts[part] === "*");
}

function matchOne(part: Exclude<Part, "*">, point: string): boolean {
  if ("literal" in part) return part.literal === point;
  const code = codeOf(point);
  return part.ranges.some(({ from, to }) => from <= code && code <= to) !== part.negated;
}
