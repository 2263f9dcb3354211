import { judge, median, type Result, type Row } from "./harness.ts";

const COLUMNS = ["ROW", "OURS", "FLOOR", "RATIO", "P10–P90", "REACH", ""] as const;

/** Pure: the rows as an aligned table for people. */
export function toTable(rows: readonly Row[]): string {
  const cells = rows.map((row) =>
    "missing" in row ? [row.name, "–", "–", "–", "–", "–", row.missing] : resultCells(row),
  );
  const widths = COLUMNS.map((head, i) =>
    Math.max(...[head, ...cells.map((row) => row[i] ?? "")].map(width)),
  );
  return [[...COLUMNS], ...cells]
    .map((row) =>
      row
        .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Pure: the rows for programs, every sample included. */
export function toJson(rows: readonly Row[]): string {
  return JSON.stringify(
    rows.map((row) => ("missing" in row ? row : { ...row, ...judge(row) })),
    null,
    2,
  );
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
