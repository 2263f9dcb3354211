import { RunnerError } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/suggest.ts";
import type { Store } from "../../state/store.ts";
import type { Context } from "../context.ts";

/** Keys that are compared with a mistyped one; more would make a mistake slow in a large store. */
const COMPARED = 5000;

/**
 * The error for a key that is not there, with the nearest of those that begin alike, or else of the first
 * ones.
 */
export async function absentKey(key: string, { agent, store }: Context): Promise<RunnerError> {
  const begin = key.slice(0, Math.floor(key.length / 2));
  const hint =
    didYouMean(key, await firstKeys(store, begin)) ||
    didYouMean(key, await firstKeys(store, "")) ||
    " See what there is: runner state keys";
  return new RunnerError("not_found", `Cannot find ${JSON.stringify(key)} in agent "${agent}".${hint}`);
}

async function firstKeys(store: Store, prefix: string): Promise<string[]> {
  const page = await store.backend.scan({ space: "data", prefix, limit: COMPARED, values: false });
  return page.map(({ key }) => key);
}
