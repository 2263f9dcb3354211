/** Bytes per unit: those of IEC 80000-13 (KiB …) and the decimal ones (kB …); a bare letter is binary. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1e3,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1e6,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1e9,
  t: 2 ** 40,
  tib: 2 ** 40,
  tb: 1e12,
};

/** How a size is written, for messages. */
export const SIZE_SYNTAX = 'a size such as 1048576, "64MiB" or "1GiB"';

/** Bytes of a size: a whole number, or text with a unit. Undefined when it is not one, or over 2^53 - 1. */
export function parseSize(input: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(String(input).trim().toLowerCase());
  const unit = UNITS[match?.[2] ?? ""];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes as people say them, in decimal units with one digit: `812 B`, `6.2 MB`. */
export function formatSize(bytes: number): string {
  let amount = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    // 999.95 would print as "1000.0": it belongs to the next unit.
    if (amount < 999.95) return unit === "B" ? `${amount} B` : `${amount.toFixed(1)} ${unit}`;
    amount /= 1000;
  }
  return `${amount.toFixed(1)} TB`;
}
