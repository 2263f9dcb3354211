import {
  type Change,
  type Entry,
  type Page,
  type Ref,
  type Retention,
  RunnerError,
  type Write,
  type Writer,
} from "runner";
import { type Answer, type Engine, type View, viewOf, wordsOf } from "./engine.ts";
import { idOf, type Memory } from "./memory.ts";
import { Queue } from "./queue.ts";
import { expiryText, toStored } from "./record.ts";
import { pruningOf } from "./retention.ts";
import { SCRIPTS } from "./scripts.ts";

/** Entries that one commit may be about: the protocol takes a million words at a time. */
const MOST_ENTRIES = 100_000;
/** How old what a change was decided on may be at first, in ms: on a slow line it may become older. */
export const DECISION_AGE_MS = 2000;
/** The longest pause after a lost race, in ms. */
const LONGEST_PAUSE_MS = 8;
/** After so many lost races it is this one's turn. */
const LOSSES_BEFORE_TURN = 12;
/** How long a turn lasts at least and at most, in ms: a few times what an answer takes. */
const SHORTEST_TURN_MS = 50;
const LONGEST_TURN_MS = 2000;

/** What an update leaves behind, beside its result. */
export interface Updated<R> {
  readonly result: R;
  /** Undefined: nothing was committed. */
  readonly revision?: number;
  readonly sweepDue: boolean;
}

export interface UpdateOptions {
  readonly by: Writer;
  readonly pages: readonly Page[];
}

/** What a change decided, and what it looked at for it. */
interface Decision<R> {
  readonly result: R;
  readonly writes: readonly (Write | undefined)[];
  readonly looked: ReadonlySet<number>;
}

/**
 * Changes entries by compare and commit. Mostly one round trip: a change is decided on what this process
 * remembers, and lands if that is still so; else the server's refusal says how it is now. Nothing that was
 * remembered is ever an answer.
 */
export class Updates {
  readonly #queue = new Queue();
  #retries = 0;

  /** @param patience how long others may win, in ms. */
  constructor(
    private readonly engine: Engine,
    private readonly memory: Memory,
    private readonly retention: Retention,
    private readonly patience: number,
  ) {}

  /** Attempts that others were faster than. */
  get retries(): number {
    return this.#retries;
  }

  /** See `Backend.update`. */
  update<R>(refs: readonly Ref[], change: Change<R>, options: UpdateOptions): Promise<Updated<R>> {
    if (refs.length > MOST_ENTRIES) throw tooMany(refs.length);
    return this.#queue.run(refs.map(idOf), () => this.#update(refs, change, options));
  }

  async #update<R>(
    refs: readonly Ref[],
    change: Change<R>,
    { by, pages }: UpdateOptions,
  ): Promise<Updated<R>> {
    const deadline = performance.now() + this.patience;
    const guessed = this.#guess(refs, pages, change);
    const who = crypto.randomUUID();
    let turn = "";
    let view = guessed?.view;
    let decision = guessed?.decision;
    for (let attempt = 0; ; attempt++) {
      view ??= await this.engine.look(refs, pages);
      decision ??= decide(change, view);
      const { result, writes, looked } = decision;
      if (!writes.some((write) => write !== undefined)) {
        this.#remember(refs, view);
        return { result, sweepDue: false };
      }
      const words = this.#wordsOf(refs, pages, view, { writes, looked, attempt, turn: [who, turn] });
      const asked = performance.now();
      const [status, answer, isOurTurn] = await this.engine.commit(SCRIPTS.commit, crypto.randomUUID(), [
        JSON.stringify(by),
        ...words,
      ]);
      const [now, revision, due, created] = answer as Answer;
      if (status === 0) return { result, sweepDue: false };
      if (status === 1) {
        const commit = { now: Number(now), revision: Number(revision), created: created as Answer };
        this.#rememberWritten(refs, view, decision, commit);
        return { result, revision: commit.revision, sweepDue: due === 1 };
      }
      this.#retries++;
      if (attempt + 1 >= LOSSES_BEFORE_TURN) {
        const few = 4 * (performance.now() - asked);
        turn = String(Math.ceil(Math.min(Math.max(few, SHORTEST_TURN_MS), LONGEST_TURN_MS)));
      }
      if (performance.now() >= deadline) throw this.#outrun(refs);
      // The first time at once: what was remembered may just have been old.
      if (attempt > 0 && isOurTurn !== 1)
        await Bun.sleep(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS));
      view = viewOf(refs, answer as Answer);
      decision = undefined;
    }
  }

  /** A decision on what is remembered, if that is enough for one that writes. */
  #guess<R>(
    refs: readonly Ref[],
    pages: readonly Page[],
    change: Change<R>,
  ): { view: View; decision: Decision<R> } | undefined {
    if (!this.engine.synced || pages.length > 0) return undefined;
    const now = this.engine.now();
    const known = refs.map((ref) => this.memory.get(ref));
    const entries = known.map((one) =>
      one?.entry?.expiresAt !== undefined && one.entry.expiresAt <= now ? undefined : one?.entry,
    );
    const view: View = { now, revision: 0, entries, pages: [], tokens: [] };
    try {
      const decision = decide(change, view);
      const isEnough = [...decision.looked].every((place) => known[place] !== undefined);
      return isEnough && decision.writes.some((write) => write !== undefined)
        ? { view, decision }
        : undefined;
    } catch {
      // What it raises counts only over what is really there.
      return undefined;
    }
  }

  #wordsOf(
    refs: readonly Ref[],
    pages: readonly Page[],
    view: View,
    {
      writes,
      looked,
      attempt,
      turn,
    }: Pick<Decision<unknown>, "writes" | "looked"> & { attempt: number; turn: readonly string[] },
  ): string[] {
    const entries = refs.flatMap(({ space, key }, place) => {
      const expected = looked.has(place) ? String(view.entries[place]?.revision ?? 0) : "*";
      return [space, key, expected, ...wordsOfWrite(key, writes[place])];
    });
    const age = DECISION_AGE_MS * 2 ** attempt;
    return [
      ...[String(view.now), String(age), pruningOf(this.retention, "chance"), ...turn, String(refs.length)],
      ...entries,
      ...pages.flatMap((page, place) => [...wordsOf(page), view.tokens[place] ?? ""]),
    ];
  }

  #remember(refs: readonly Ref[], { entries, revision }: View): void {
    for (const [place, ref] of refs.entries()) this.memory.set(ref, entries[place], revision);
  }

  #rememberWritten(
    refs: readonly Ref[],
    view: View,
    { writes }: Decision<unknown>,
    { now, revision, created }: { now: number; revision: number; created: Answer },
  ): void {
    for (const [place, ref] of refs.entries()) {
      const write = writes[place];
      if (write === undefined) continue;
      // An answer that was given before has no times in it.
      if (created.length === 0) this.memory.forget(idOf(ref), revision);
      else if ("delete" in write) this.memory.set(ref, undefined, revision);
      else {
        const expires = write.expires === "keep" ? view.entries[place]?.expiresAt : write.expires;
        const entry: Entry = {
          key: ref.key,
          value: write.put,
          revision,
          createdAt: Number(created[place] || now),
          updatedAt: now,
          ...(typeof expires === "number" && { expiresAt: expires }),
        };
        this.memory.set(ref, entry, revision);
      }
    }
  }

  #outrun(refs: readonly Ref[]): RunnerError {
    const what = refs
      .map(({ key }) => `"${key}"`)
      .slice(0, 3)
      .join(", ");
    return new RunnerError(
      "unavailable",
      `Cannot change ${what}: others have been faster for ${this.patience / 1000} s. Try again, or raise state.busy_timeout.`,
    );
  }
}

/** Applies a change, and notes which entries it looked at. */
function decide<R>(change: Change<R>, { entries, now, pages }: View): Decision<R> {
  const looked = new Set<number>();
  const watched = new Proxy(entries, {
    get(target, name) {
      const place = typeof name === "string" ? Number(name) : Number.NaN;
      if (Number.isInteger(place) && place < target.length) looked.add(place);
      return Reflect.get(target, name);
    },
  });
  const { result, writes = [] } = change(watched, now, pages);
  return { result, writes, looked };
}

function wordsOfWrite(
  key: string,
  write: Write | undefined,
): [what: string, expires: string, form: string, data: string] {
  if (write === undefined) return ["-", "", "", ""];
  if ("delete" in write) return [write.purge ? "purge" : "delete", "", "", ""];
  const { form, data } = toStored(key, write.put);
  const { expires } = write;
  return [
    "put",
    expires === "keep" ? "keep" : expiryText(expires === "never" ? undefined : expires),
    form,
    data,
  ];
}

function tooMany(count: number): RunnerError {
  const most = MOST_ENTRIES.toLocaleString("en");
  return new RunnerError(
    "too_large",
    `Cannot change ${count.toLocaleString("en")} keys at once: Redis takes at most ${most} in one commit. Take fewer at a time.`,
  );
}
