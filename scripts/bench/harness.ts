/** The words of the bench: what is measured, how rounds alternate, and what a row of the table says. */

/** Where and how thoroughly to measure. */
export interface Lab {
  /** The built binary. */
  readonly runner: string;
  /** A folder on the disk of the repository; gone afterwards. */
  readonly folder: string;
  /** Few rounds: to see whether a row works, not to judge it. */
  readonly quick: boolean;
}

/** What a row has to reach: a ratio, or the value itself where there is nothing to compare with. */
export interface Reach {
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** One row. Samples are costs (time or memory, less is better), one of each side per round. */
export interface Result {
  readonly name: string;
  readonly unit: "ms" | "µs" | "MiB";
  readonly ours: readonly number[];
  /** The peer's or the floor's samples, taken in the same rounds; absent when only the value counts. */
  readonly floor?: readonly number[];
  /** `cost`: ours / floor, 1.2 is a fifth more. `speed`: floor / ours, 5 is five times as fast. */
  readonly ratio: "cost" | "speed";
  /** Absent when the row is only reported. */
  readonly reach?: Reach;
}

/** A row that could not be measured here, and why. */
export interface Missing {
  readonly name: string;
  readonly missing: string;
}

export type Row = Result | Missing;

/** Something that is measured at once and gives one row or several. */
export interface Measurement {
  /** What `npm run bench -- NAME` matches, as a part of it. */
  readonly name: string;
  run(lab: Lab): Promise<Row[]>;
}

type Side = () => number | Promise<number>;

/**
 * Takes both sides in turn, so that a slow moment of the machine meets both; who begins changes from round to round.
 * One round before them warms the disk cache and is dropped.
 */
export async function alternate(
  rounds: number,
  ours: Side,
  floor: Side,
): Promise<{ ours: number[]; floor: number[] }> {
  const samples: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  for (let round = 0; round <= rounds; round++) {
    const taken = { ours: 0, floor: 0 };
    for (const side of round % 2 === 0 ? (["ours", "floor"] as const) : (["floor", "ours"] as const)) {
      taken[side] = await (side === "ours" ? ours() : floor());
    }
    if (round === 0) continue;
    samples.ours.push(taken.ours);
    samples.floor.push(taken.floor);
  }
  return samples;
}

/** Pure: the value below which the fraction `q` of the samples lies; the nearest rank. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** What a result comes to. `value` and its spread are ratios where there is a floor, else in the row's unit. */
export interface Verdict {
  readonly value: number;
  /** The 10th and the 90th percentile over the rounds. */
  readonly spread: readonly [number, number];
  /** Undefined when the row has nothing to reach. */
  readonly met: boolean | undefined;
}

/** Pure: the ratio of the medians, the spread of the rounds' own ratios, and whether that reaches. */
export function judge({ ours, floor, ratio, reach }: Result): Verdict {
  const compare = (mine: number, theirs: number) => (ratio === "cost" ? mine / theirs : theirs / mine);
  const value = floor === undefined ? median(ours) : compare(median(ours), median(floor));
  const each = floor === undefined ? ours : ours.map((mine, i) => compare(mine, floor[i] ?? Number.NaN));
  const met =
    reach === undefined ? undefined : value <= (reach.atMost ?? Infinity) && value >= (reach.atLeast ?? 0);
  return { value, spread: [quantile(each, 0.1), quantile(each, 0.9)], met };
}
