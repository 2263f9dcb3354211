import { judge, median, type Result, type Row } from "./harness.ts";
import type { Machine } from "./machine.ts";

const COLUMNS = ["ROW", "OURS", "FLOOR", "RATIO", "P10–P90", "REACH", ""];

/** What an earlier report says of its rows: the ratio, or the value where there is nothing to compare with. */
export type Before = ReadonlyMap<string, number>;

/** Pure: the rows as an aligned table for people, with a column for what was before. */
export function toTable(rows: readonly Row[], before?: Before): string {
  const head = before === undefined ? COLUMNS : COLUMNS.toSpliced(5, 0, "BEFORE");
  const cells = rows.map((row) => {
    const all = "missing" in row ? [row.name, "–", "–", "–", "–", "–", row.missing] : resultCells(row);
    const was = before?.get(row.name);
    return before === undefined ? all : all.toSpliced(5, 0, was === undefined ? "–" : digits(was));
  });
  const widths = head.map((title, i) => Math.max(...[title, ...cells.map((row) => row[i] ?? "")].map(width)));
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Pure: the rows for programs, every sample included, and where they were taken. */
export function toJson(rows: readonly Row[], machine: Machine): string {
  const judged = rows.map((row) => ("missing" in row ? row : { ...row, ...judge(row) }));
  return JSON.stringify({ machine, rows: judged }, null, 2);
}

/** Pure: what `toJson` wrote, as far as it is shown beside another. */
export function parseReport(json: string): Before {
  // Of our own making; what is something else shows as absent.
  const { rows } = JSON.parse(json) as { rows: { name: string; value?: number }[] };
  return new Map(rows.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

function resultCells(result: Result): string[] {
  const { value, spread, met } = judge(result);
  const amount = (samples: readonly number[]) => `${digits(median(samples))} ${result.unit}`;
  const compared = result.floor !== undefined;
  const unit = compared ? "×" : ` ${result.unit}`;
  const { atMost, atLeast } = result.reach ?? {};
  const reach =
    atMost !== undefined ? `≤ ${atMost}${unit}` : atLeast !== undefined ? `≥ ${atLeast}${unit}` : "–";
  return [
    result.name,
    amount(result.ours),
    result.floor === undefined ? "–" : amount(result.floor),
    compared ? `${value.toFixed(2)}×` : "–",
    compared
      ? `${spread[0].toFixed(2)}–${spread[1].toFixed(2)}`
      : `${digits(spread[0])}–${digits(spread[1])}`,
    reach,
    met === undefined ? "" : met ? "met" : "MISSED",
  ];
}

function digits(number: number): string {
  return number >= 100 ? number.toFixed(0) : number.toPrecision(3);
}

function width(text: string): number {
  return Bun.stringWidth(text);
}
