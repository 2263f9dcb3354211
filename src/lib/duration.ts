/** Milliseconds per unit. */
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** How a duration is written, for messages. */
export const DURATION_SYNTAX = 'a duration such as 30, "30s", "5m", "1h30m" or "30d"';

/**
 * Milliseconds of a duration: a number of seconds, or text of numbers with units (ms, s, m, h, d, w), largest
 * or smallest first alike; text without a unit is seconds. Undefined when it is not one, negative, or not
 * finite.
 */
export function parseDuration(input: string | number): number | undefined {
  if (typeof input === "number") return toMilliseconds(input * 1000);
  const text = input.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return toMilliseconds(Number(text) * 1000);
  if (!/^(\d+(\.\d+)?(ms|[smhdw])\s*)+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    sum += Number(amount) * (UNITS[unit ?? ""] ?? Number.NaN);
  }
  return toMilliseconds(sum);
}

function toMilliseconds(ms: number): number | undefined {
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** A duration exactly: `250 ms`, `1.5 s`, `1 h 30 min`. */
export function formatExactly(ms: number): string {
  if (ms < 1000) return `${Number(ms.toFixed(3))} ms`;
  const parts: string[] = [];
  let left = ms;
  for (const [unit, name] of [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
  ] as const) {
    const count = Math.floor(left / unit);
    if (count > 0) parts.push(`${count} ${name}`);
    left -= count * unit;
  }
  if (left > 0) parts.push(`${Number((left / 1000).toFixed(3))} s`);
  return parts.join(" ");
}

/** A span of milliseconds in one unit, rounded down as people say it: `58 s`, `2 min`, `3 h`, `12 d`. */
export function formatSpan(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
