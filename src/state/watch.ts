import type { Cursor } from "../backends/backend.ts";
import type { Access } from "./access.ts";
import { parsePattern } from "./pattern.ts";
import { type Version, versionOf } from "./show.ts";

/** Changes that are fetched at a time. */
const PAGE = 500;

export interface WatchOptions {
  /** The revision after which to begin. */
  readonly after: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * The changes of keys that match a pattern, by anyone, in the order in which they landed, until the signal is aborted;
 * none is missed, and those of one revision come in byte order. Raises `compacted` when some are not kept any more.
 */
export async function* watch(
  { backend }: Access,
  pattern: string,
  { after, signal }: WatchOptions,
): AsyncGenerator<Version, void> {
  const { prefix, matches } = parsePattern(pattern);
  let cursor: Cursor = { revision: after };
  while (!signal.aborted) {
    const pause = new AbortController();
    const stop = () => pause.abort();
    signal.addEventListener("abort", stop);
    // Before the look, so that no commit falls between the two.
    const changed = backend.wait(pause.signal);
    try {
      // Of all keys: a place that moves on with them never becomes too old to go on from.
      const records = await backend.changes({ after: cursor, prefix: "", limit: PAGE });
      for (const record of records) {
        if (signal.aborted) return;
        cursor = { revision: record.revision, key: record.key };
        if (record.key.startsWith(prefix) && matches(record.key)) yield versionOf(record);
      }
      if (records.length === 0) await changed;
    } finally {
      pause.abort();
      signal.removeEventListener("abort", stop);
    }
  }
}

/** Checks what `watch` will get. Raises `bad_argument`. */
export function checkPattern(pattern: string): void {
  parsePattern(pattern);
}
