import type { Entry, Ref } from "../backend.ts";
import { explain, isBusy } from "./errors.ts";
import { openConnection } from "./open.ts";
import { type EntryRow, entryOf, ROW } from "./rows.ts";

/**
 * The live entry of a ref, by a connection of its own, for a process that wants nothing else: all that a backend is
 * made of takes longer to load than this takes. Undefined when there is none, and when another process is in the way
 * for a moment. Raises as a backend does. `now` in ms since the epoch.
 */
export function peek(path: string, { space, key }: Ref, now: number): Entry | undefined {
  try {
    using db = openConnection(path, {});
    if (db === undefined) return undefined;
    using select = db.prepare<EntryRow, [key: string]>(`SELECT ${ROW} FROM ${space} WHERE key = ?1`);
    const row = select.get(key);
    if (row === null || (row.expiresAt !== null && row.expiresAt <= now)) return undefined;
    return entryOf(space, key, row, path);
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw explain(error, path);
  }
}
