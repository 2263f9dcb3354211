import type { Entry, Ref } from "../backend.ts";
import { Repeated } from "../repeated.ts";
import { damagedEntry, type EntryRow, isWhole, liveOf, unexpired, wholeEntry } from "./rows.ts";

/** Rows that are known at a time, and how often others are read before they make room. */
const MOST_ROWS = 256;
const PATIENCE = 16_384;
/** UTF-16 units of a text up to which its row is remembered. */
const LONGEST_TEXT = 4096;

interface Known {
  readonly row: EntryRow;
  entry: Entry;
  /** Whether it has been found again. */
  again: boolean;
}

/**
 * The entries of the rows that were read lately. It spares no reading: a row that is the same in every column, its
 * checksum among them, needs no second look at that, and is the same entry.
 */
export class Recent {
  readonly #known = new Map<string, Known>();
  #others = 0;

  constructor(private readonly path: string) {}

  /** What `liveOf` gives. */
  liveOf(ref: Ref, row: EntryRow | null, now: number): Entry | undefined {
    if (row === null || ref.space !== "data") return liveOf(ref, row, now, this.path);
    return unexpired(this.#entryOf(ref.key, row), now);
  }

  #entryOf(key: string, row: EntryRow): Entry {
    const known = this.#known.get(key);
    if (known === undefined || !isSame(known.row, row)) return this.#remember(key, row);
    if (!known.again) {
      known.again = true;
      known.entry = repeatable(known.entry);
    }
    return known.entry;
  }

  #remember(key: string, row: EntryRow): Entry {
    if (!isWhole("data", key, row)) return damagedEntry(key, row, this.path);
    const entry = wholeEntry(key, row);
    const { value } = row;
    if (typeof value === "number" || (typeof value === "string" && value.length <= LONGEST_TEXT)) {
      if (this.#hasRoom(key)) this.#known.set(key, { row, entry, again: false });
    }
    return entry;
  }

  /** To make room for each newcomer would cost those who read more keys than are known more than it gives them. */
  #hasRoom(key: string): boolean {
    if (this.#known.size < MOST_ROWS || this.#known.has(key)) return true;
    if (++this.#others < PATIENCE) return false;
    this.#others = 0;
    this.#known.clear();
    return true;
  }
}

function isSame(a: EntryRow, b: EntryRow): boolean {
  return (
    a.value === b.value &&
    a.revision === b.revision &&
    a.checksum === b.checksum &&
    a.expiresAt === b.expiresAt &&
    a.type === b.type &&
    a.updatedAt === b.updatedAt &&
    a.createdAt === b.createdAt
  );
}

function repeatable(entry: Entry): Entry {
  const { type, data } = entry.value;
  if ((type !== "table" && type !== "list") || typeof data !== "string") return entry;
  return { ...entry, value: new Repeated(type, data) };
}
