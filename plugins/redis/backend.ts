import {
  type Backend,
  type BackendOptions,
  type BackendStats,
  type Change,
  type ChangeRecord,
  type Cursor,
  checkKept,
  type Entry,
  type Guard,
  type ListedEntry,
  type Loaded,
  type LoadItem,
  type LoadOptions,
  type Page,
  type Ref,
  type Space,
  SWEEP_BATCH,
  type ValueType,
  type Writer,
} from "runner";
import { Engine, pairsOf, textsOf, wordsOf } from "./engine.ts";
import { Feed } from "./feed.ts";
import { load } from "./load.ts";
import { Memory } from "./memory.ts";
import { type Place, parsePlace } from "./options.ts";
import { describePersistence } from "./persistence.ts";
import { Pool } from "./pool.ts";
import { deleteRange } from "./range.ts";
import { parseEntry, parseHead, parseRecord } from "./record.ts";
import { pruningOf } from "./retention.ts";
import { SCRIPTS } from "./scripts.ts";
import { snapshot } from "./snapshot.ts";
import { measure } from "./stats.ts";
import { Updates } from "./update.ts";

/** Entries that are remembered so that a change can be decided at once, whatever `state.cache_size` says. */
const REMEMBERED = 256;
/** What one answer to a listing holds at most, in bytes. */
const PAGE_BYTES = String(8 * 2 ** 20);
/** How old an answer from memory may be, in ms, were the news of a change to get lost. */
const RECALLED_FOR_MS = 5000;

/** A store on a Redis server, shared by any number of processes on any number of machines. */
export class RedisBackend implements Backend {
  readonly name = "redis";
  readonly durable = true;
  readonly shared = true;
  readonly location: string;
  /** The entry as `get` may give it: from memory if `state.cache_size` lets it. */
  readonly recall?: (ref: Ref) => Promise<Entry | undefined>;
  readonly thread: { readonly program: URL; readonly description: unknown };
  readonly #place: Place;
  readonly #options: BackendOptions;
  readonly #pool: Pool;
  readonly #engine: Engine;
  readonly #memory: Memory;
  readonly #updates: Updates;
  readonly #feed: Feed;
  /** What was remembered before is no answer any more, by `performance.now()`. */
  #recallsSince = 0;

  /** Connects when it is first used. Raises `invalid` for a URL or options that are none. */
  constructor(options: BackendOptions) {
    const { busyTimeout, cacheSize, now, retention } = options;
    const place = parsePlace(options);
    this.#place = place;
    this.#options = options;
    this.location = place.location;
    const { now: _, ...description } = options;
    this.thread = { program: new URL("./redis-renewal-worker.ts", import.meta.url), description };
    this.#pool = new Pool(place, busyTimeout, options.poolSize ?? 1);
    this.#engine = new Engine(this.#pool, now);
    this.#memory = new Memory(
      Math.max(cacheSize, REMEMBERED),
      (revision) => this.#feed.live && this.#feed.seen <= revision,
    );
    this.#updates = new Updates(this.#engine, this.#memory, retention, busyTimeout);
    this.#feed = new Feed({
      place,
      revision: () => this.revision(),
      changed: (revision, ids) => {
        if (ids === undefined) this.#memory.clear();
        else for (const id of ids) this.#memory.forget(id, revision);
      },
    });
    if (cacheSize > 0) this.recall = (ref) => this.#recall(ref);
  }

  now(): number {
    return this.#engine.now();
  }

  async read(refs: readonly Ref[]): Promise<(Entry | undefined)[]> {
    if (refs.length === 0) return [];
    const [, , found] = await this.#engine.ask(
      SCRIPTS.read,
      refs.flatMap(({ space, key }) => [space, key]),
    );
    return textsOf(found).map((raw, place) =>
      raw === "" ? undefined : parseEntry(refs[place]?.key ?? "", raw),
    );
  }

  async scan(page: Page & { values: boolean }): Promise<ListedEntry[]> {
    const found: ListedEntry[] = [];
    let after = page.after;
    do {
      const rest = { ...page, limit: page.limit - found.length, ...(after !== undefined && { after }) };
      const [, , some, last] = await this.#engine.ask(SCRIPTS.scan, [
        ...wordsOf(rest),
        page.values ? PAGE_BYTES : "",
      ]);
      for (const [key, raw] of pairsOf(some))
        found.push(page.values ? parseEntry(key, raw) : parseHead(key, raw));
      after = String(last);
    } while (after !== "" && found.length < page.limit);
    return found;
  }

  async update<R>(
    refs: readonly Ref[],
    change: Change<R>,
    by: Writer,
    pages: readonly Page[] = [],
  ): Promise<R> {
    const { result, revision, sweepDue } = await this.#updates.update(refs, change, { by, pages });
    if (revision !== undefined) this.#feed.notice(revision);
    // Whoever got a lock must see what the holder before left behind.
    if (refs.some(({ space }) => space === "lock")) this.#recallsSince = performance.now();
    if (sweepDue) await this.#sweepNow(by);
    return result;
  }

  async deleteRange(
    range: { space: Space; prefix: string; matches: (key: string) => boolean },
    by: Writer,
    guard?: Guard,
  ): Promise<number> {
    const { removed, revision } = await deleteRange(this.#engine, range, by, guard);
    if (removed === 0) return 0;
    this.#memory.clear();
    this.#feed.notice(revision);
    return removed;
  }

  async changes({
    after,
    prefix,
    limit,
  }: {
    after: Cursor;
    prefix: string;
    limit: number;
  }): Promise<ChangeRecord[]> {
    const found: ChangeRecord[] = [];
    let next = "";
    do {
      const words = [String(after.revision), after.key ?? "", prefix, String(limit), next];
      const [, , compacted, records, last] = await this.#engine.ask(SCRIPTS.changes, words);
      checkKept(after, Number(compacted));
      const flat = textsOf(records);
      for (let place = 0; place < flat.length && found.length < limit; place += 3) {
        found.push(parseRecord(flat[place] ?? "", Number(flat[place + 1]), flat[place + 2] ?? ""));
      }
      next = String(last);
    } while (next !== "" && found.length < limit);
    return found;
  }

  async history(key: string, { before, limit }: { before?: number; limit: number }): Promise<ChangeRecord[]> {
    const words = [key, before === undefined ? "" : String(before), String(limit)];
    const [, , found] = await this.#engine.ask(SCRIPTS.history, words);
    return pairsOf(found).map(([revision, raw]) => parseRecord(key, Number(revision), raw));
  }

  async revision(): Promise<number> {
    const [, revision] = await this.#engine.ask(SCRIPTS.read, []);
    return Number(revision);
  }

  async compacted(): Promise<number> {
    const [, , compacted] = await this.#engine.ask(SCRIPTS.changes, ["0", "", "", "0", ""]);
    return Number(compacted);
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#feed.wait(signal);
  }

  snapshot(range: { space: Space; prefix: string }): AsyncIterable<readonly Entry[]> {
    return snapshot(this.#engine, range);
  }

  async load(items: () => Iterable<LoadItem>, options: LoadOptions, by: Writer): Promise<Loaded> {
    const { revision, ...loaded } = await load(this.#engine, items(), options, by);
    if (loaded.written + loaded.removed === 0) return loaded;
    this.#memory.clear();
    this.#feed.notice(revision);
    return loaded;
  }

  async stats(): Promise<BackendStats> {
    const [, revision, types, expired, records] = await this.#engine.ask(SCRIPTS.stats, []);
    const durability = await describePersistence(this.#pool);
    const ofExpired = new Map(pairsOf(expired));
    const keysByType: Partial<Record<ValueType, number>> = {};
    for (const [type, count] of pairsOf(types)) {
      const live = Number(count) - Number(ofExpired.get(type) ?? 0);
      // The scripts count by the types of values.
      if (live > 0) keysByType[type as ValueType] = live;
    }
    return {
      keysByType,
      expiredKeys: [...ofExpired.values()].reduce((sum, count) => sum + Number(count), 0),
      ...(await measure(this.#pool, this.#place.prefix)),
      ...(durability !== undefined && { durability }),
      historyRecords: Number(records),
      revision: Number(revision),
      retries: this.#updates.retries,
    };
  }

  sweep(limit: number, by: Writer): Promise<number> {
    return this.#sweep(limit, by, "");
  }

  async erase(): Promise<void> {
    await this.#engine.ask(SCRIPTS.erase, []);
  }

  close(): void {
    this.#feed.close();
    this.#pool.close();
  }

  /** @param due "1" for only if nobody has swept meanwhile. */
  async #sweep(limit: number, by: Writer, due: string): Promise<number> {
    const words = [JSON.stringify(by), String(limit), pruningOf(this.#options.retention, "now"), due];
    const [, revision, swept] = await this.#engine.commit(SCRIPTS.sweep, crypto.randomUUID(), words);
    if (swept === 0) return 0;
    this.#memory.clear();
    this.#feed.notice(Number(revision));
    return Number(swept);
  }

  async #sweepNow(by: Writer): Promise<void> {
    try {
      await this.#sweep(SWEEP_BATCH, by, "1");
    } catch {
      // The write that found the sweep due has landed, and must not seem to have failed. The next one tries again.
    }
  }

  async #recall(ref: Ref): Promise<Entry | undefined> {
    this.#feed.listen();
    const asked = performance.now();
    const known = this.#memory.get(ref);
    if (
      this.#feed.live &&
      known !== undefined &&
      known.at > Math.max(this.#recallsSince, asked - RECALLED_FOR_MS)
    ) {
      const { entry } = known;
      return entry?.expiresAt !== undefined && entry.expiresAt <= this.now() ? undefined : entry;
    }
    const { entries, revision } = await this.#engine.look([ref], []);
    this.#memory.set(ref, entries[0], revision, asked);
    return entries[0];
  }
}
