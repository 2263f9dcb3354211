import type { Outcome } from "./run.ts";

/** Two lines or more: whether it held, its figures, and how to repeat it when it did not. */
export function toText({ name, figures, failure, seed, rounds, seconds, skipped }: Outcome): string {
  const took = `${seconds.toFixed(1)} s`;
  if (skipped !== undefined) return `–  ${name}: skipped, ${skipped}`;
  const counted = Object.entries(figures).map(([what, count]) => `${what} ${count}`);
  if (failure === undefined) return `✓  ${name}  (${took})\n   ${counted.join(" · ")}`;
  const again = `npm run torture -- "${name}" --seed ${seed} --rounds ${rounds}`;
  return `✗  ${name}  (${took})\n   ${failure}\n   Again: ${again}`;
}

/** The same for programs. */
export function toJson(outcomes: readonly Outcome[]): string {
  return JSON.stringify({ at: new Date().toISOString(), outcomes }, null, 2);
}
