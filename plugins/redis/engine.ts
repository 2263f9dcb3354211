import { compareKeys, type Entry, type ListedEntry, type Page, type Ref } from "runner";
import { ServerClock } from "./clock.ts";
import type { Pool } from "./pool.ts";
import { parseEntry, parseHead } from "./record.ts";
import { SCRIPTS, type Script } from "./scripts.ts";

/** What a change is decided on. */
export interface View {
  /** The server's clock, in ms since the epoch. */
  readonly now: number;
  readonly revision: number;
  readonly entries: readonly (Entry | undefined)[];
  readonly pages: readonly (readonly ListedEntry[])[];
  /** What tells each page from how it may be later. */
  readonly tokens: readonly string[];
}

/** The scripts, called. Every answer begins with the server's time and revision. */
export class Engine {
  readonly #clock = new ServerClock();
  /** Which store it is; "" until there is one. */
  #identity = "";

  /** @param ownNow a clock for tests, in place of the server's. */
  constructor(
    private readonly pool: Pool,
    private readonly ownNow: (() => number) | undefined,
  ) {}

  /** Whether `now` is the server's time. */
  get synced(): boolean {
    return this.ownNow !== undefined || this.#clock.synced;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.ownNow?.() ?? this.#clock.now();
  }

  /** Calls a script that may be called twice. */
  ask(script: Script, words: readonly string[]): Promise<Answer> {
    return this.#told(script, words, {});
  }

  /** Calls a script that commits, under an id by which the server knows the commit. */
  commit(script: Script, id: string, words: readonly string[]): Promise<Answer> {
    return this.#told(script, [id, ...words], { commits: true });
  }

  /** Calls a script on a store beside this one, which nobody else sees; one that commits under an id. */
  async aside(place: string, script: Script, words: readonly string[], id?: string): Promise<Answer> {
    const told = [`${this.ownNow?.() ?? ""} `, ...(id === undefined ? [] : [id]), ...words];
    // Each script says what it answers with.
    return (await this.pool.run({
      script,
      words: told,
      aside: place,
      ...(id !== undefined && { commits: true }),
    })) as Answer;
  }

  /** The entries and pages as they are now. */
  async look(refs: readonly Ref[], pages: readonly Page[]): Promise<View> {
    const places = refs.flatMap(({ space, key }) => [space, key]);
    const answer = await this.ask(SCRIPTS.look, [String(refs.length), ...places, ...pages.flatMap(wordsOf)]);
    return viewOf(refs, answer);
  }

  async #told(script: Script, rest: readonly string[], how: { readonly commits?: true }): Promise<Answer> {
    const asked = Date.now();
    const seen = this.#identity;
    const words = [`${this.ownNow?.() ?? ""} ${seen}`, ...rest];
    // Each script says what it answers with.
    const answer = (await this.pool.run({ script, words, ...how })) as Answer;
    if (seen === "") {
      const told = String(answer.pop());
      // Whoever asked before the store was made may hear of it after those who made it.
      if (this.#identity === "") this.#identity = told;
    }
    const [first, second] = answer;
    const time = Array.isArray(second) ? second[0] : first;
    if (this.ownNow === undefined && typeof time === "number") this.#clock.learn(time, asked);
    return answer;
  }
}

/** What a script answers with. */
export type Answer = (number | string | Answer)[];

/** A page in the words that scripts take. */
export function wordsOf({ space, prefix, after, limit }: Page): string[] {
  // What comes before the prefix is no place to begin behind.
  const behind = after !== undefined && compareKeys(after, prefix) >= 0 ? after : "";
  return [space, prefix, behind, String(Math.min(limit, Number.MAX_SAFE_INTEGER))];
}

/** What a script saw. Raises `damaged`. */
export function viewOf(refs: readonly Ref[], [now, revision, found, pages, tokens]: Answer): View {
  return {
    now: Number(now),
    revision: Number(revision),
    entries: textsOf(found).map((raw, place) =>
      raw === "" ? undefined : parseEntry(refs[place]?.key ?? "", raw),
    ),
    pages: (pages as Answer[]).map((page) => pairsOf(page).map(([key, raw]) => parseHead(key, raw))),
    tokens: textsOf(tokens),
  };
}

/** A list of texts in an answer. */
export function textsOf(answer: Answer[number] | undefined): string[] {
  return (answer as Answer).map(String);
}

/** A list of texts in an answer, two by two. */
export function pairsOf(answer: Answer[number] | undefined): [string, string][] {
  const texts = textsOf(answer);
  const pairs: [string, string][] = [];
  for (let place = 0; place + 1 < texts.length; place += 2)
    pairs.push([texts[place] ?? "", texts[place + 1] ?? ""]);
  return pairs;
}
