import { type Guard, RunnerError, type Space, type Writer } from "runner";
import { type Answer, type Engine, pairsOf, textsOf, type View } from "./engine.ts";
import { SCRIPTS } from "./scripts.ts";
import { DECISION_AGE_MS } from "./update.ts";

/** Keys that are looked at a time. */
const PAGE = 1000;
/** How often it is begun anew, at most, in a range that others write to all the time. */
const MOST_TRIES = 100;
/** The longest pause before that, in ms. */
const LONGEST_PAUSE_MS = 16;

export interface KeyRange {
  readonly space: Space;
  readonly prefix: string;
  readonly matches: (key: string) => boolean;
}

/**
 * Deletes the live entries of a range that match, in one commit, see `Backend.deleteRange`. Which ones match is
 * known here alone: lists them, and has the server delete them if nothing came to the range since.
 */
export async function deleteRange(
  engine: Engine,
  range: KeyRange,
  by: Writer,
  guard: Guard | undefined,
): Promise<{ readonly removed: number; readonly revision: number }> {
  const { space, prefix, matches } = range;
  let known = await list(engine, range);
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const held: View | undefined = guard && (await engine.look(guard.refs, []));
    if (held !== undefined) guard?.check(held.entries, held.now);
    const guards =
      guard?.refs.flatMap(({ space: of, key }, place) => [
        of,
        key,
        String(held?.entries[place]?.revision ?? 0),
      ]) ?? [];
    const [status, answer] = await engine.commit(SCRIPTS.remove, crypto.randomUUID(), [
      ...[JSON.stringify(by), String(held?.now ?? engine.now()), String(DECISION_AGE_MS * 2 ** attempt)],
      ...[String(guards.length / 3), ...guards],
      ...[space, prefix, String(known.revision), known.token, [...known.keys].join("\0")],
    ]);
    const [, revision, outcome] = answer as Answer;
    if (status === 1) return { removed: Number(outcome), revision: Number(revision) };
    if (status === 3) {
      for (const key of textsOf(outcome)) if (matches(key)) known.keys.add(key);
      known = { ...known, revision: Number(revision) };
    } else {
      await Bun.sleep(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
      known = await list(engine, range);
    }
  }
  throw new RunnerError(
    "unavailable",
    `Cannot delete "${prefix}*": others write to it all the time. Try again.`,
  );
}

/**
 * What is known of a range: the keys that match, since when others may have come, and what tells all its keys from
 * others.
 */
interface Known {
  readonly keys: Set<string>;
  readonly revision: number;
  readonly token: string;
}

async function list(engine: Engine, { space, prefix, matches }: KeyRange): Promise<Known> {
  const all: string[] = [];
  const keys = new Set<string>();
  let [after, since]: [string | undefined, number | undefined] = ["", undefined];
  while (after !== undefined) {
    const [, revision, found] = await engine.ask(SCRIPTS.scan, [space, prefix, after, String(PAGE), ""]);
    since ??= Number(revision);
    const page = pairsOf(found);
    for (const [key] of page) {
      all.push(key);
      if (matches(key)) keys.add(key);
    }
    after = page.length === PAGE ? page.at(-1)?.[0] : undefined;
  }
  const token = new Bun.CryptoHasher("sha1").update(all.join("\0")).digest("hex");
  return { keys, revision: since ?? 0, token };
}
