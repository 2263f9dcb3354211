import { RunnerError } from "../../lib/errors.ts";

/** What `file.line` is asked for. */
export interface LineRequest {
  readonly line: string;
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
  const lines = splitLines(text);
  const matches = (candidate: string) =>
    (match !== undefined && candidate.includes(match)) ||
    (prefix !== undefined && candidate.startsWith(prefix));
  if (!present) return joinLines(lines.filter((candidate) => candidate !== line && !matches(candidate)));
  if (lines.includes(line)) return text;
  const at = lines.findIndex(matches);
  return joinLines(at < 0 ? [...lines, line] : lines.with(at, line));
}

/** Pure: the text with a block between two marker lines, in the place of what was between them, else at the end. */
export function withBlock(text: string, marker: string, block: string | undefined): string {
  const lines = splitLines(text);
  const [begin, end] = [marker.replace("{mark}", "BEGIN"), marker.replace("{mark}", "END")];
  const from = lines.indexOf(begin);
  const to = from < 0 ? -1 : lines.indexOf(end, from);
  if (from >= 0 && to < 0) {
    throw new RunnerError(
      "task_failed",
      `Cannot find the end of the block: a line is ${JSON.stringify(begin)}, and none after it ${JSON.stringify(end)}. Add it by hand.`,
    );
  }
  const made = block === undefined ? [] : [begin, ...splitLines(block), end];
  if (from < 0) return block === undefined ? text : joinLines([...lines, ...made]);
  return joinLines([...lines.slice(0, from), ...made, ...lines.slice(to + 1)]);
}

function splitLines(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

function joinLines(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
