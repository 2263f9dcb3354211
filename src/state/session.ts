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

  /** What a task (or, without a name, the top level) has changed since this was last asked: how its keys are now. */
  takeChanges(task?: string): SessionChange[] {
    const keys = [...(this.#touched.get(task) ?? [])];
    this.#touched.delete(task);
    const entries = this.#memory.read(keys.map(refOf));
    return keys.map((key, place) => changeOf(key, entries[place]));
  }

  /** Brings changes of an earlier run back. */
  applyChanges(changes: readonly SessionChange[], by: Writer): Awaitable<void> {
    const writes = changes.map(({ key, value, expiresAt }) =>
      value === undefined ? ({ delete: true } as const) : put(encode(value, key), expiresAt),
    );
    return this.#update(
      changes.map(({ key }) => refOf(key)),
      () => ({ result: undefined, writes }),
      by,
    );
  }

  #update<R>(refs: readonly Ref[], change: Change<R>, by: Writer, pages?: readonly Page[]): Awaitable<R> {
    let written: string[] = [];
    const noted: Change<R> = (entries, now, listed) => {
      const outcome = change(entries, now, listed);
      written = refs.flatMap(({ space, key }, place) =>
        space === "data" && outcome.writes?.[place] !== undefined ? [key] : [],
      );
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
    const keys = listed.map(({ key }) => key).filter(range.matches);
    const deleted = this.#memory.deleteRange(range, by, guard);
    return chain(this.#note(range.space === "data" ? keys : [], by), () => deleted);
  }

  #note(keys: readonly string[], by: Writer): Awaitable<void> {
    if (keys.length === 0) return;
    const touched = this.#touched.get(by.task) ?? new Set();
    this.#touched.set(by.task, touched);
    for (const key of keys) touched.add(key);
    const { prefixes, backend } = this.#kept ?? {};
    const refs = keys.filter((key) => prefixes?.some((prefix) => key.startsWith(prefix))).map(refOf);
    if (backend === undefined || refs.length === 0) return;
    const entries = this.#memory.read(refs);
    const writes = entries.map((entry) =>
      entry === undefined ? ({ delete: true } as const) : put(entry.value, entry.expiresAt),
    );
    return backend.update(refs, () => ({ result: undefined, writes }), by);
  }
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
