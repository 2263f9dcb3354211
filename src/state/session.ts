import type {
  Backend,
  Change,
  Encoded,
  Entry,
  Guard,
  Page,
  Ref,
  Space,
  Writer,
} from "../backends/backend.ts";
import { MemoryBackend, type MemoryOptions } from "../backends/memory.ts";
import { viewOf } from "../backends/view.ts";
import { type Awaitable, chain } from "../lib/awaitable.ts";
import type { Value } from "../lib/value.ts";
import { decode, encode } from "./codec.ts";
import { type Step, Trail } from "./session-trail.ts";

/** What a task left under one key of the session; without a value it deleted the key. */
export interface SessionChange {
  readonly key: string;
  readonly value?: Value;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** What outlives the run: the keys with these prefixes, in another backend. */
export interface Kept {
  readonly prefixes: readonly string[];
  readonly backend: Backend;
}

/**
 * The store behind `State`: in memory, aware of which task changed what, so that it can be journaled and be there again
 * in a run that is resumed. What is kept is written through, key by key: of two runs at once the last one wins.
 */
export class Session {
  readonly backend: Backend;
  readonly #memory: MemoryBackend;
  readonly #kept: Kept | undefined;
  readonly #touched = new Map<string | undefined, Set<string>>();
  /** Of keys that tasks write. */
  readonly #trails = new Map<string, Trail>();

  private constructor(memory: MemoryBackend, kept: Kept | undefined) {
    this.#memory = memory;
    this.#kept = kept;
    this.backend = viewOf(memory, {
      update: (refs, change, by, pages) => this.#update(refs, change, by, pages),
      deleteRange: (range, by, guard) => this.#deleteRange(range, by, guard),
      close: () => chain(kept?.backend.close(), () => memory.close()),
    });
  }

  /** A session with what earlier ones kept. `by` is who brings it. */
  static async open(options: MemoryOptions, by: Writer, kept?: Kept): Promise<Session> {
    const memory = new MemoryBackend(options);
    for (const prefix of kept?.prefixes ?? []) {
      for await (const page of kept?.backend.snapshot({ space: "data", prefix }) ?? []) {
        for (const entry of page)
          memory.update([refOf(entry.key)], putting(entry.value, entry.expiresAt), by);
      }
    }
    return new Session(memory, kept);
  }

  /**
   * What a task that has succeeded, and whoever is no task, have changed since this was last asked: how their keys are
   * by what has succeeded. What others are about to change, or failed to, is not in it.
   */
  takeChanges(task: string): SessionChange[] {
    if (this.#touched.size === 0) return [];
    const keys = new Set([...(this.#touched.get(undefined) ?? []), ...(this.#touched.get(task) ?? [])]);
    this.#touched.delete(undefined);
    this.#touched.delete(task);
    return [...keys].map((key) => {
      const trail = this.#trails.get(key);
      return changeOf(key, trail === undefined ? this.#entryOf(key) : trail.settle(task));
    });
  }

  /** A task has not succeeded: what it has changed is in nobody's changes. */
  dropChanges(task: string): void {
    for (const key of this.#touched.get(task) ?? []) this.#trails.get(key)?.drop(task);
    this.#touched.delete(task);
  }

  /** Brings changes of an earlier run back, those of a task at a time. Nobody has changed them in this one. */
  applyChanges(changes: readonly SessionChange[], by: Writer): Awaitable<void> {
    const writes = changes.map(({ key, value, expiresAt }) =>
      value === undefined ? ({ delete: true } as const) : put(encode(value, key), expiresAt),
    );
    const refs = changes.map(({ key }) => refOf(key));
    return chain(
      this.#update(refs, () => ({ result: undefined, writes }), by),
      () => void (by.task === undefined ? this.#touched.delete(undefined) : this.takeChanges(by.task)),
    );
  }

  #update<R>(refs: readonly Ref[], change: Change<R>, by: Writer, pages?: readonly Page[]): Awaitable<R> {
    let written: Written[] = [];
    const noted: Change<R> = (entries, now, listed) => {
      const outcome = change(entries, now, listed);
      written = refs.flatMap(({ space, key }, place) => {
        if (space !== "data" || outcome.writes?.[place] === undefined) return [];
        const decide = (entry: Entry | undefined) =>
          change(entries.with(place, entry), now, listed).writes?.[place];
        return [{ key, found: entries[place], decide }];
      });
      return outcome;
    };
    const result = this.#memory.update(refs, noted, by, pages);
    return chain(this.#note(written, by), () => result);
  }

  #deleteRange(
    range: { space: Space; prefix: string; matches: (key: string) => boolean },
    by: Writer,
    guard?: Guard,
  ): Awaitable<number> {
    const listed = this.#memory.scan({ ...range, limit: Infinity, values: false });
    const keys = listed.map(({ key }) => key).filter((key) => range.space === "data" && range.matches(key));
    const before = this.#memory.read(keys.map(refOf));
    const deleted = this.#memory.deleteRange(range, by, guard);
    const decide = () => ({ delete: true }) as const;
    const written = keys.map((key, place): Written => ({ key, found: before[place], decide }));
    return chain(this.#note(written, by), () => deleted);
  }

  #note(written: readonly Written[], by: Writer): Awaitable<void> {
    if (written.length === 0) return;
    const { task } = by;
    const touched = this.#touched.get(task) ?? new Set();
    this.#touched.set(task, touched);
    for (const { key, found, decide } of written) {
      touched.add(key);
      const trail = this.#trails.get(key) ?? (task === undefined ? undefined : new Trail());
      if (trail === undefined) continue;
      this.#trails.set(key, trail);
      trail.add({ task, found, decide, left: this.#entryOf(key) });
    }
    const keys = written.map(({ key }) => key);
    const { prefixes, backend } = this.#kept ?? {};
    const refs = keys.filter((key) => prefixes?.some((prefix) => key.startsWith(prefix))).map(refOf);
    if (backend === undefined || refs.length === 0) return;
    const entries = this.#memory.read(refs);
    const writes = entries.map((entry) =>
      entry === undefined ? ({ delete: true } as const) : put(entry.value, entry.expiresAt),
    );
    return backend.update(refs, () => ({ result: undefined, writes }), by);
  }

  #entryOf(key: string): Entry | undefined {
    return this.#memory.read([refOf(key)])[0];
  }
}

/** A key that was written: what was there before, and what the write decides for something else. */
interface Written extends Pick<Step, "found" | "decide"> {
  readonly key: string;
}

function refOf(key: string): Ref {
  return { space: "data", key };
}

function put(value: Encoded, expiresAt: number | undefined): { put: Encoded; expires: number | "never" } {
  return { put: value, expires: expiresAt ?? "never" };
}

function putting(value: Encoded, expiresAt: number | undefined): Change<void> {
  return () => ({ result: undefined, writes: [put(value, expiresAt)] });
}

function changeOf(key: string, entry: Entry | undefined): SessionChange {
  if (entry === undefined) return { key };
  const { value, expiresAt } = entry;
  return { key, value: decode(value), ...(expiresAt !== undefined && { expiresAt }) };
}
