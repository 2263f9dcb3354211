/** Lines of context around a change. */
const CONTEXT = 3;
/** Beyond so many cells of the table of common lines, what differs is shown as one removal and one addition. */
const MOST_CELLS = 4_000_000;

interface Edit {
  readonly kind: " " | "-" | "+";
  readonly line: string;
}

/**
 * Pure: what turns one text into the other, as a unified diff without timestamps; empty when they are equal. `name`
 * stands in its head.
 */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  const edits = compare(splitLines(before), splitLines(after));
  const hunks = hunksOf(edits).map((hunk) => renderHunk(edits, hunk));
  return [`--- ${name}`, `+++ ${name}`, ...hunks].join("\n");
}

function splitLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else lines[lines.length - 1] += "\n\\ No newline at end of file";
  return lines;
}

function compare(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const same = (line: string): Edit => ({ kind: " ", line });
  return [
    ...a.slice(0, start).map(same),
    ...compareMiddle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ];
}

/** By the longest common subsequence of lines. */
function compareMiddle(a: readonly string[], b: readonly string[]): Edit[] {
  const removed = (line: string): Edit => ({ kind: "-", line });
  const added = (line: string): Edit => ({ kind: "+", line });
  const width = b.length + 1;
  if ((a.length + 1) * width > MOST_CELLS) return [...a.map(removed), ...b.map(added)];
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const edits: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      edits.push({ kind: " ", line: left });
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push(removed(left));
      i++;
    } else {
      edits.push(added(right ?? ""));
      j++;
    }
  }
  return edits;
}

/** Ranges of edits that hold a change with its context; changes that are near each other share one. */
function hunksOf(edits: readonly Edit[]): { from: number; to: number }[] {
  const hunks: { from: number; to: number }[] = [];
  edits.forEach(({ kind }, i) => {
    if (kind === " ") return;
    const from = Math.max(0, i - CONTEXT);
    const to = Math.min(edits.length, i + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last !== undefined && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  });
  return hunks;
}

function renderHunk(edits: readonly Edit[], { from, to }: { from: number; to: number }): string {
  const inside = edits.slice(from, to);
  const range = (sides: string) => {
    const before = edits.slice(0, from).filter(({ kind }) => sides.includes(kind)).length;
    const count = inside.filter(({ kind }) => sides.includes(kind)).length;
    return `${count === 0 ? before : before + 1},${count}`;
  };
  const lines = inside.map(({ kind, line }) => kind + line);
  return [`@@ -${range(" -")} +${range(" +")} @@`, ...lines].join("\n");
}
