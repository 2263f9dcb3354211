/** The words of the torture: what a trial is, what it gets, and what it gives back. */
import type { Sandbox } from "../../test/helpers/binary.ts";
import type { Random } from "./random.ts";

/** Where a trial happens. */
export interface Arena {
  /** Everything that the trial chooses comes from here, so that its seed repeats it. */
  readonly random: Random;
  /** How often the trial does what it does: as many of its own units as `rounds` says, short or long. */
  readonly rounds: number;
  /** The compiled binary alone in an empty folder with an empty home and an empty store on the backend under trial. */
  createSandbox(): Promise<Sandbox>;
  /** The same with the build that dies at failpoints and whose clock can be moved; see src/lib/failpoint.ts. */
  createFaultySandbox(): Promise<Sandbox>;
}

/** What a trial counted, by what it is: `{ kills: 40, "writes acknowledged": 9120, "writes lost": 0 }`. */
export type Figures = Readonly<Record<string, number | string>>;

/** One row of the table of safety in TARGETS.md. It raises when what must hold does not. */
export interface Trial {
  /** What `npm run torture -- NAME` matches, as a part of it. */
  readonly name: string;
  /** Rounds in `npm test`, and in `npm run torture`. */
  readonly rounds: { readonly short: number; readonly long: number };
  /** Backends beside sqlite on which it is done as well. */
  readonly backends?: readonly "redis"[];
  run(arena: Arena): Promise<Figures>;
}

/** Raises with what was seen when something does not hold. */
export function hold(claim: string, holds: boolean, seen?: unknown): asserts holds {
  if (!holds) throw new Error(seen === undefined ? claim : `${claim}; seen: ${inspect(seen)}`);
}

/** Whether a text has a line of a stack, which nobody but an author of runner should see. */
export function showsStack(text: string): boolean {
  return /^\s+at .*:\d+:\d+\)?$/m.test(text);
}

function inspect(seen: unknown): string {
  return typeof seen === "string" ? seen : Bun.inspect(seen, { depth: 4 });
}
