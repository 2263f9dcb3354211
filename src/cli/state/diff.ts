/** Lines beyond which two texts are not compared but shown whole. */
const COMPARED = 2000;

/** Pure: the lines that went (`- …`) and came (`+ …`) between two texts, in order; undefined is no text. */
export function diffLines(before: string | undefined, after: string | undefined): string[] {
  const old = before?.split("\n") ?? [];
  const now = after?.split("\n") ?? [];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const gone = old.slice(start, old.length - end);
  const come = now.slice(start, now.length - end);
  if (gone.length * come.length > COMPARED * COMPARED) return [...gone.map(minus), ...come.map(plus)];
  return walkBack(gone, come, commonLengths(gone, come));
}

const minus = (line: string) => `- ${line}`;
const plus = (line: string) => `+ ${line}`;

/** For each pair of places, how many lines the rests behind them have in common, in order. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const [row, below] = [rows[i], rows[i + 1]] as [Uint16Array, Uint16Array];
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return rows;
}

function walkBack(a: readonly string[], b: readonly string[], common: readonly Uint16Array[]): string[] {
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))) {
      lines.push(minus(a[i++] ?? ""));
    } else {
      lines.push(plus(b[j++] ?? ""));
    }
  }
  return lines;
}
