import type { Machine } from "../bench/machine.ts";
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

/** What all trials together counted. */
export interface Summary {
  readonly held: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  readonly kills: number;
  readonly writesAcknowledged: number;
  readonly writesLost: number;
  /** Operations at once on the same keys, each of which had to count. */
  readonly operations: number;
  readonly historiesChecked: number;
  readonly callsInHistories: number;
  readonly inputsFuzzed: number;
}

/** Pure: the figures of the trials that held, added up. */
export function summarize(outcomes: readonly Outcome[]): Summary {
  const sum = (counts: (what: string) => boolean) =>
    outcomes
      .flatMap(({ figures }) => Object.entries(figures))
      .filter(([what]) => counts(what))
      .reduce((total, [, count]) => total + (typeof count === "number" ? count : 0), 0);
  return {
    held: outcomes.filter(({ failure, skipped }) => failure === undefined && skipped === undefined).length,
    failed: outcomes.filter(({ failure }) => failure !== undefined).map(({ name }) => name),
    skipped: outcomes.filter(({ skipped }) => skipped !== undefined).map(({ name }) => name),
    kills: sum((what) => what === "kills"),
    writesAcknowledged: sum((what) => what === "writes acknowledged"),
    writesLost: sum((what) => what === "writes lost"),
    operations: sum((what) => what === "operations"),
    historiesChecked: sum((what) => what === "histories"),
    callsInHistories: sum((what) => what === "calls"),
    inputsFuzzed: sum((what) => what.endsWith(" fuzzed")),
  };
}

/** The summary for people; `seconds` is what all of it took. */
export function summaryToText(summary: Summary, seconds: number): string {
  const count = (number: number) => number.toLocaleString("en");
  const { held, failed, skipped } = summary;
  const lines = [
    `${held} trials held, ${failed.length} failed, ${skipped.length} left out, in ${(seconds / 60).toFixed(1)} min`,
    `kills                ${count(summary.kills)}`,
    `writes acknowledged  ${count(summary.writesAcknowledged)}, lost ${count(summary.writesLost)}`,
    `operations at once   ${count(summary.operations)}, each counted`,
    `histories checked    ${count(summary.historiesChecked)}, of ${count(summary.callsInHistories)} calls`,
    `inputs fuzzed        ${count(summary.inputsFuzzed)}`,
    ...failed.map((name) => `failed: ${name}`),
    ...skipped.map((name) => `left out: ${name}`),
  ];
  return lines.join("\n");
}

/** All of it for programs. */
export function toJson(report: {
  readonly machine: Machine;
  readonly commit: string | undefined;
  readonly seed: number;
  readonly seconds: number;
  readonly outcomes: readonly Outcome[];
}): string {
  return JSON.stringify({ ...report, summary: summarize(report.outcomes) }, null, 2);
}
