import { RunnerError } from "../../lib/errors.ts";

/** What `file.line` is asked for. */
export interface LineRequest {
  /** Absent only where lines that match are to go. */
  readonly line?: string | undefined;
  /** A line that it takes the place of: the first that has this text in it, or begins with it for `prefix`. */
  readonly match?: string | undefined;
  readonly prefix?: string | undefined;
  readonly present: boolean;
}

/**
 * Pure: the text with the line in it, once; in the place of a line that matches, else at the end. Or without any line
 * that equals it or matches.
 */
export function withLine(text: string, { line, match, prefix, present }: LineRequest): string {
  const { lines, end } = splitLines(text);
  const matches = (candidate: string) =>
    (match !== undefined && bare(candidate).includes(match)) ||
    (prefix !== undefined && candidate.startsWith(prefix));
  const equals = (candidate: string) => line !== undefined && bare(candidate) === line;
  if (!present || line === undefined) {
    const kept = lines.filter((candidate) => !equals(candidate) && !matches(candidate));
    return kept.length === lines.length ? text : joinLines(kept);
  }
  if (lines.some(equals)) return text;
  const at = lines.findIndex(matches);
  return joinLines(at < 0 ? [...lines, line + end] : lines.with(at, line + end));
}

/** Pure: the markers of a block. */
function markersOf(marker: string): { begin: string; end: string } {
  return { begin: marker.replace("{mark}", "BEGIN"), end: marker.replace("{mark}", "END") };
}

/** Pure: the line of a block that could be taken for one of its markers. */
export function markerIn(block: string, marker: string): string | undefined {
  const { begin, end } = markersOf(marker);
  return splitLines(block)
    .lines.map(bare)
    .find((line) => line === begin || line === end);
}

/** Pure: the text with a block between two marker lines, in the place of what was between them, else at the end. */
export function withBlock(text: string, marker: string, block: string | undefined): string {
  const { lines, end: lineEnd } = splitLines(text);
  const { begin, end } = markersOf(marker);
  const from = lines.findIndex((line) => bare(line) === begin);
  const to = from < 0 ? -1 : lines.findIndex((line, i) => i > from && bare(line) === end);
  if (from >= 0 && to < 0) {
    throw new RunnerError(
      "task_failed",
      `Cannot find the end of the block: a line is ${JSON.stringify(begin)}, and none after it ${JSON.stringify(end)}. Add it by hand.`,
    );
  }
  const made =
    block === undefined
      ? []
      : [begin, ...splitLines(block).lines.map(bare), end].map((line) => line + lineEnd);
  if (from < 0) return block === undefined ? text : joinLines([...lines, ...made]);
  return joinLines([...lines.slice(0, from), ...made, ...lines.slice(to + 1)]);
}

/** The lines of a text, with the "\r" of those that end as on Windows, and what a new line gets before its "\n". */
function splitLines(text: string): { lines: string[]; end: "" | "\r" } {
  if (text === "") return { lines: [], end: "" };
  const lines = text.replace(/\n$/, "").split("\n");
  const end = /^[^\n]*\r\n/.test(text) ? "\r" : "";
  // A last line without an end gets that of the others.
  if (!text.endsWith("\n")) lines.push(`${lines.pop() ?? ""}${end}`);
  return { lines, end };
}

function bare(line: string): string {
  return line.replace(/\r$/, "");
}

function joinLines(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
