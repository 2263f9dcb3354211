import { cut, escapeControls, padColumns } from "../lib/text.ts";
import type { Style } from "./output.ts";

export interface Column {
  readonly title: string;
  /**
   * Gives way, down to a few columns, when the rows are wider than the terminal. At most one column should.
   */
  readonly flexible?: true;
}

const GAP = "   ";
/** What a flexible column keeps however narrow the terminal is. */
const LEAST = 8;

/** Rows under headings as aligned lines, without effect on the terminal whatever they hold. `width` is that of the terminal; undefined cuts nothing. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number | undefined; readonly style: Style },
): string {
  const shown = rows.map((row) => row.map(escapeControls));
  const widths = columns.map(({ title }, index) =>
    shown.reduce((most, row) => Math.max(most, Bun.stringWidth(row[index] ?? "")), title.length),
  );
  const over = options.width === undefined ? 0 : totalOf(widths) - options.width;
  const fitted = widths.map((width, index) =>
    over > 0 && columns[index]?.flexible ? Math.max(Math.min(width, LEAST), width - over) : width,
  );
  const line = (cells: readonly string[]) =>
    fitted
      .map((width, index) => padColumns(cut(cells[index] ?? "", width), width))
      .join(GAP)
      .trimEnd();
  return [options.style.bold(line(columns.map(({ title }) => title))), ...shown.map(line)].join("\n");
}

/** Names and what they are, as aligned lines. */
export function renderFacts(facts: readonly (readonly [string, string])[], style: Style): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${style.dim(name.padEnd(width))}${GAP}${value}`.trimEnd()).join("\n");
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
}
