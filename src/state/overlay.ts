import type {
  Backend,
  Change,
  Encoded,
  Entry,
  Guard,
  ListedEntry,
  Page,
  Ref,
  Space,
  Write,
  Writer,
} from "../backends/backend.ts";
import { planWrites } from "../backends/commit.ts";
import { compareKeys } from "../backends/order.ts";
import { viewOf } from "../backends/view.ts";
import { type Awaitable, chain, repeat } from "../lib/awaitable.ts";
import { purgedBefore } from "./purge.ts";
import { isSameListing } from "./walk.ts";

/** What a transaction wants to become of one ref. */
interface Draft {
  readonly ref: Ref;
  /** Absent: the entry goes. */
  readonly entry: Entry | undefined;
  /** Its history goes as well. */
  readonly purge?: true;
}

/** Revision of an entry that has not landed. */
const NOT_YET = 0;
/** How often a transaction that only read looks whether it was all of one moment, before it has the others wait. */
const MOST_LOOKS = 5;
/** Keys that are looked for at a time when some are to be deleted. */
const DELETED_AT_A_TIME = 1000;

/**
 * A backend as one transaction sees it: its own writes show, nothing lands before `land`, and what was read is
 * remembered, so that `land` can tell whether any of it has changed.
 */
export class Overlay {
  readonly name: string;
  readonly durable: boolean;
  readonly shared: boolean;
  readonly now: () => number;
  readonly #base: Backend;
  readonly #found = new Map<string, Entry | undefined>();
  /** What the outcome depends on. A ref that is only written is not among them. */
  readonly #reads = new Map<string, Ref>();
  readonly #pages: { readonly page: Page; readonly found: readonly ListedEntry[] }[] = [];
  readonly #drafts = new Map<string, Draft>();

  constructor(base: Backend) {
    this.#base = base;
    this.name = base.name;
    this.durable = base.durable;
    this.shared = base.shared;
    this.now = () => base.now();
  }

  /** This view as what a store works on: what a transaction has no say in is the backend's own. */
  asBackend(): Backend {
    return viewOf(this.#base, {
      read: (refs) => this.read(refs),
      recall: (ref) => chain(this.read([ref]), ([entry]) => entry),
      scan: (page) => this.scan(page),
      // The drafts among what was listed are counted nowhere.
      checkListed: () => undefined,
      update: (refs, change) => this.update(refs, change),
      deleteRange: (range) => this.deleteRange(range),
      // After it has landed.
      compact: () => undefined,
    });
  }

  /** Whether histories go with what is written. */
  get purges(): boolean {
    return this.#drafts.values().some(({ purge }) => purge);
  }

  read(refs: readonly Ref[]): Awaitable<(Entry | undefined)[]> {
    for (const ref of refs) this.#dependOn(ref);
    return this.#look(refs);
  }

  scan(page: Page & { values: boolean }): Awaitable<ListedEntry[]> {
    const drafts = this.#draftsOf(page);
    if (drafts.length === 0) return this.#list(page);
    const found: ListedEntry[] = [];
    let after = page.after;
    const walked = repeat(() =>
      chain(this.#list({ ...page, ...(after !== undefined && { after }) }), (rows) => {
        const end = rows.length < page.limit ? undefined : rows.at(-1)?.key;
        const isHere = (key: string) =>
          (after === undefined || compareKeys(key, after) > 0) &&
          (end === undefined || compareKeys(key, end) <= 0);
        const kept = rows.filter(({ key }) => !this.#drafts.has(idOf({ space: page.space, key })));
        const own = drafts.filter(({ key }) => isHere(key)).flatMap(({ entry }) => entry ?? []);
        found.push(...[...kept, ...own].sort((a, b) => compareKeys(a.key, b.key)));
        after = end;
        return end !== undefined && found.length < page.limit;
      }),
    );
    return chain(walked, () => found.slice(0, page.limit));
  }

  update<R>(refs: readonly Ref[], change: Change<R>): Awaitable<R> {
    return chain(this.#look(refs), (entries) => {
      const now = this.now();
      const { result, writes } = change(this.#watched(refs, entries), now);
      for (const { ref, put, expiresAt, createdAt, purge } of planWrites(refs, entries, writes, now)) {
        const purges = purge || this.#drafts.get(idOf(ref))?.purge;
        if (put !== undefined && purges) throw purgedBefore(ref.key);
        const entry = put && draftOf(ref.key, put, now, createdAt, expiresAt);
        this.#drafts.set(idOf(ref), { ref, entry, ...(purges && { purge: true }) });
      }
      return result;
    });
  }

  deleteRange(range: { space: Space; prefix: string; matches: (key: string) => boolean }): Awaitable<number> {
    const { space, prefix, matches } = range;
    let [after, deleted]: [string | undefined, number] = [undefined, 0];
    const walked = repeat(() => {
      const page = { space, prefix, limit: DELETED_AT_A_TIME, values: false, ...(after && { after }) };
      return chain(this.scan(page), (rows) => {
        for (const { key } of rows.filter(({ key }) => matches(key))) {
          this.#drafts.set(idOf({ space, key }), { ref: { space, key }, entry: undefined });
          deleted++;
        }
        after = rows.at(-1)?.key;
        return rows.length === DELETED_AT_A_TIME;
      });
    });
    return chain(walked, () => deleted);
  }

  /**
   * Writes all of it in one commit, if what was read is as it was; whether it did. Without writes it only looks.
   * Raises what `guard` raises.
   */
  land(by: Writer, guard?: Guard): Awaitable<boolean> {
    if (this.#drafts.size === 0) return this.isCurrent(by);
    const refs = this.#readsAnd([...this.#drafts.values()].map(({ ref }) => ref));
    const held = guard?.refs ?? [];
    const change: Change<boolean> = (entries, now, pages = []) => {
      if (!this.#isAsRead(refs, entries, pages)) return { result: false };
      guard?.check(entries.slice(refs.length), now);
      return { result: true, writes: refs.map((ref) => this.#writeOf(ref)) };
    };
    return this.#base.update(
      [...refs, ...held],
      change,
      by,
      this.#pages.map(({ page }) => page),
    );
  }

  /** Whether what was read is as it was, all of it at one moment. */
  isCurrent(by: Writer): Awaitable<boolean> {
    const refs = this.#readsAnd([]);
    // One look by itself is always of one moment.
    if (refs.length + this.#pages.length <= 1) return true;
    if (this.#pages.length === 0)
      return chain(this.#base.read(refs), (entries) => this.#isAsRead(refs, entries, []));
    return this.#isStill(refs, by);
  }

  /** Looks at all of it once more. What lies between two looks at a revision that stands still is of one moment. */
  #isStill(refs: readonly Ref[], by: Writer): Awaitable<boolean> {
    let [looks, revision, same]: [number, number | undefined, boolean] = [0, undefined, true];
    const looked = repeat(() =>
      chain(this.#base.revision(), (now) => {
        if (now === revision || !same || looks++ >= MOST_LOOKS) return false;
        revision = now;
        const listed = this.#pages.map(
          ({ page }) =>
            () =>
              this.#base.scan({ ...page, values: false }),
        );
        return chain(this.#base.read(refs), (entries) =>
          chain(inTurn(listed), (pages) => {
            same = this.#isAsRead(refs, entries, pages);
            return true;
          }),
        );
      }),
    );
    return chain(looked, () => (looks <= MOST_LOOKS ? same : this.#isAsReadInOneStep(refs, by)));
  }

  /** The same where others never stop to write: for that they have to wait. */
  #isAsReadInOneStep(refs: readonly Ref[], by: Writer): Awaitable<boolean> {
    return this.#base.update(
      refs,
      (entries, _now, pages = []) => ({ result: this.#isAsRead(refs, entries, pages) }),
      by,
      this.#pages.map(({ page }) => page),
    );
  }

  #isAsRead(
    refs: readonly Ref[],
    entries: readonly (Entry | undefined)[],
    pages: readonly (readonly ListedEntry[])[],
  ): boolean {
    const sameEntries = refs.every((ref, place) => {
      const id = idOf(ref);
      return !this.#reads.has(id) || this.#found.get(id)?.revision === entries[place]?.revision;
    });
    return sameEntries && this.#pages.every(({ found }, place) => isSameListing(found, pages[place] ?? []));
  }

  #readsAnd(more: readonly Ref[]): Ref[] {
    const refs = new Map(this.#reads);
    for (const ref of more) refs.set(idOf(ref), ref);
    return [...refs.values()];
  }

  #writeOf(ref: Ref): Write | undefined {
    const draft = this.#drafts.get(idOf(ref));
    if (draft === undefined) return undefined;
    if (draft.entry === undefined) return draft.purge ? { delete: true, purge: true } : { delete: true };
    return { put: draft.entry.value, expires: draft.entry.expiresAt ?? "never" };
  }

  /** The entries as they are here, fetched once. */
  #look(refs: readonly Ref[]): Awaitable<(Entry | undefined)[]> {
    const unknown = refs.filter((ref) => !this.#drafts.has(idOf(ref)) && !this.#found.has(idOf(ref)));
    const here = () => {
      const now = this.now();
      return refs.map((ref) => this.#entryOf(ref, now));
    };
    if (unknown.length === 0) return here();
    return chain(this.#base.read(unknown), (entries) => {
      for (const [place, ref] of unknown.entries()) this.#found.set(idOf(ref), entries[place]);
      return here();
    });
  }

  #entryOf(ref: Ref, now: number): Entry | undefined {
    const id = idOf(ref);
    const draft = this.#drafts.get(id);
    const entry = draft === undefined ? this.#found.get(id) : draft.entry;
    return entry?.expiresAt !== undefined && entry.expiresAt <= now ? undefined : entry;
  }

  /** A page of the backend as it is, remembered. */
  #list(page: Page & { values: boolean }): Awaitable<ListedEntry[]> {
    const { values: _, ...asked } = page;
    return chain(this.#base.scan(page), (found) => {
      this.#pages.push({ page: asked, found: found.map(({ value: _, ...rest }) => rest) });
      return found;
    });
  }

  #draftsOf({ space, prefix, after }: Page): { key: string; entry: Entry | undefined }[] {
    const now = this.now();
    return [...this.#drafts.values()]
      .filter(({ ref }) => ref.space === space && ref.key.startsWith(prefix))
      .filter(({ ref }) => after === undefined || compareKeys(ref.key, after) > 0)
      .map(({ ref }) => ({ key: ref.key, entry: this.#entryOf(ref, now) }));
  }

  /** The entries for a change to look at: only those that it does look at count as read. */
  #watched(refs: readonly Ref[], entries: (Entry | undefined)[]): (Entry | undefined)[] {
    return new Proxy(entries, {
      get: (target, name) => {
        const ref = typeof name === "string" ? refs[Number(name)] : undefined;
        if (ref !== undefined) this.#dependOn(ref);
        return Reflect.get(target, name);
      },
    });
  }

  #dependOn(ref: Ref): void {
    const id = idOf(ref);
    // What the transaction itself has written depends on nothing any more.
    if (!this.#drafts.has(id)) this.#reads.set(id, ref);
  }
}

/** The results of all, one after the other. */
function inTurn<T>(all: readonly (() => Awaitable<T>)[]): Awaitable<T[]> {
  return all.reduce<Awaitable<T[]>>(
    (before, next) => chain(before, (results) => chain(next(), (result) => [...results, result])),
    [],
  );
}

function idOf({ space, key }: Ref): string {
  return `${space} ${key}`;
}

function draftOf(key: string, value: Encoded, now: number, createdAt: number, expiresAt?: number): Entry {
  const expiry = expiresAt === undefined ? {} : { expiresAt };
  return { key, value, revision: NOT_YET, createdAt, updatedAt: now, ...expiry };
}
