import { RunnerError } from "../../lib/errors.ts";
import type { ValueType } from "../../lib/value.ts";
import type { ChangeRecord, Encoded, Entry, ListedEntry, Ref, Space, Writer } from "../backend.ts";
import { checksum } from "./checksum.ts";

/** The columns of an entry, without the key: what the index says is checked against the sum, which a wrong row does not have. */
export const ROW =
  "type, value, revision, created_at AS createdAt, updated_at AS updatedAt, expires_at AS expiresAt, checksum";

/** What an entry table holds of a key, as the statements name its columns. */
export interface EntryRow {
  readonly type: ValueType;
  readonly value: Encoded["data"];
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | null;
  readonly checksum: number;
}

/** A row with its place, to be written or dropped. */
export interface PlacedRow extends EntryRow {
  readonly rowid: number;
}

/** A row as a listing finds it. */
export interface ListedRow extends PlacedRow {
  readonly key: string;
}

/** A row of the history. */
export interface HistoryRow {
  readonly revision: number;
  readonly key: string;
  readonly kind: ChangeRecord["kind"];
  readonly type: ValueType | null;
  readonly value: Encoded["data"] | null;
  readonly expiresAt: number | null;
  readonly at: number;
  readonly writer: string;
  readonly checksum: number;
}

/**
 * The entry of a key's row. Asking a damaged one for its value raises `damaged`; it can still be replaced or
 * deleted.
 */
export function entryOf(space: Space, key: string, row: EntryRow, path: string): Entry {
  return isWhole(space, key, row) ? wholeEntry(key, row) : damagedEntry(key, row, path);
}

/** Whether a row is what was written there under this key. */
export function isWhole(space: Space, key: string, row: EntryRow): boolean {
  return checksum(space, key, row) === row.checksum;
}

/** The entry of a row that is whole. */
export function wholeEntry(key: string, row: EntryRow): Entry {
  const { type, revision, createdAt, updatedAt, expiresAt } = row;
  const value = { type, data: row.value };
  if (expiresAt === null) return { key, value, revision, createdAt, updatedAt };
  return { key, value, revision, createdAt, updatedAt, expiresAt };
}

/** The entry of what was read under a ref; undefined when there is none that has not expired. */
export function liveOf(
  { space, key }: Ref,
  row: EntryRow | null,
  now: number,
  path: string,
): Entry | undefined {
  return row === null ? undefined : unexpired(entryOf(space, key, row, path), now);
}

/** The entry while it has not expired. */
export function unexpired(entry: Entry, now: number): Entry | undefined {
  return entry.expiresAt !== undefined && entry.expiresAt <= now ? undefined : entry;
}

/** The entry of a row that was read without its value. */
export function listedOf({ key, revision, createdAt, updatedAt, expiresAt }: ListedRow): ListedEntry {
  const listed = { key, revision, createdAt, updatedAt };
  return expiresAt === null ? listed : { ...listed, expiresAt };
}

/** The record of a row of the history. Raises `damaged`. */
export function recordOfRow(row: HistoryRow, path: string): ChangeRecord {
  const { key, revision, kind, type, value, expiresAt, at } = row;
  if (checksum(kind, key, row) !== row.checksum) throw damaged(`revision ${revision} of "${key}"`, path);
  return {
    key,
    revision,
    kind,
    at,
    by: JSON.parse(row.writer) as Writer,
    ...(type === null || value === null ? {} : { value: { type, data: value } }),
    ...(expiresAt === null ? {} : { expiresAt }),
  };
}

/** The entry of a row that is not whole. */
export function damagedEntry(key: string, { revision, createdAt, updatedAt }: EntryRow, path: string): Entry {
  return {
    key,
    revision,
    createdAt,
    updatedAt,
    get value(): Encoded {
      throw damaged(`"${key}"`, path);
    },
  };
}

function damaged(what: string, path: string): RunnerError {
  return new RunnerError(
    "damaged",
    `Cannot read ${what}: what "${path}" holds there is not what was written. ` +
      "Restore a backup, or set or delete the key to go on without it.",
  );
}

/** The fault for an entry that its history knows and its table does not give. */
export function missing(key: string, revision: number, path: string): RunnerError {
  return new RunnerError(
    "damaged",
    `Cannot write "${key}": it is missing in "${path}", where revision ${revision} wrote it. ` +
      "Restore a backup, or delete it with its history (--purge) to go on without it.",
  );
}
