import type { FunctionDef } from "../define.ts";
import type { HostResult } from "../module.ts";
import type { ArgsOf, Shape } from "../schema/words.ts";
import type { Place } from "./place.ts";

/** One function of `state`: as those of other modules, but that it acts on whichever store it is called on. */
export interface StateFunctionDef<S extends Shape = Shape> extends Omit<FunctionDef<S>, "run"> {
  readonly args: NonNullable<FunctionDef<S>["args"]>;
  /**
   * What it does; for a function that calls back, what the host has to do before state.lua goes on.
   *
   * @param given how many arguments the call had, an explicit nil included.
   */
  run(args: ArgsOf<S>, place: Place, given: number): HostResult | Promise<HostResult>;
}

/** Gives a function's `run` the types of its arguments. */
export function defineStateFunction<S extends Shape>(
  definition: StateFunctionDef<S>,
): StateFunctionDef<never> {
  // Seen from outside, a definition takes whatever its own schemas let through.
  return definition as unknown as StateFunctionDef<never>;
}
