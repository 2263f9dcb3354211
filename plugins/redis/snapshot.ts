import { compareKeys, type Entry, type Space } from "runner";
import { type Engine, pairsOf } from "./engine.ts";
import { parseEntry } from "./record.ts";
import { SCRIPTS } from "./scripts.ts";

/** What one page holds at most: entries, and bytes. */
const PAGE = 1000;
const PAGE_BYTES = 4 * 2 ** 20;

/**
 * The live entries of a range as of its first page. The server keeps what is overwritten meanwhile, until the end
 * of the iteration, or until nobody has asked for a page for five minutes.
 */
export async function* snapshot(
  engine: Engine,
  { space, prefix }: { space: Space; prefix: string },
): AsyncGenerator<readonly Entry[]> {
  const id = crypto.randomUUID();
  let [after, taken, moment] = ["", "", ""];
  try {
    do {
      const limits = [String(PAGE), String(PAGE_BYTES)];
      const answer = await engine.ask(SCRIPTS.snapshot, [id, space, prefix, after, taken, moment, ...limits]);
      const [now, revision, last, live, kept] = answer;
      if (moment === "") [taken, moment] = [String(revision), String(now)];
      after = String(last);
      const found = [...pairsOf(live), ...pairsOf(kept)].sort(([one], [other]) => compareKeys(one, other));
      if (found.length > 0) yield found.map(([key, raw]) => parseEntry(key, raw));
    } while (after !== "");
  } finally {
    if (taken !== "") await release(engine, id, taken, space);
  }
}

async function release(engine: Engine, ...snapshot: readonly string[]): Promise<void> {
  try {
    await engine.ask(SCRIPTS.release, snapshot);
  } catch {
    // The server forgets it by itself.
  }
}
