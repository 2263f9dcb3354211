import type { Entry, Ref } from "../backend.ts";
import { Repeated } from "../repeated.ts";
import { damagedEntry, type EntryRow, isWhole, liveOf, unexpired, wholeEntry } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Rows that are known at a time, and how often others are read before they make room. */
const MOST_ROWS = 256;
const PATIENCE = 16_384;
/** UTF-16 units of a text up to which its row is remembered. */
const LONGEST_TEXT = 4096;

/** The time between two commits, of whoever it was. */
interface Moment {
  /** SQLite's `data_version`. */
  readonly version: number;
}

interface Known {
  readonly row: EntryRow;
  entry: Entry;
  /** Whether it has been found again. */
  again: boolean;
  /** When it was last seen to be in the file. */
  seen: Moment | undefined;
}

/**
 * The entries of the rows that were read lately. A row that is the same in every column, its checksum among them, needs
 * no second look at that, and is the same entry. While nobody has committed, a row is not even selected again: to tell
 * `PRAGMA data_version`, SQLite begins a read transaction as for a select, and it would answer that from its page cache
 * for as long as the number stays (https://sqlite.org/pragma.html#pragma_data_version).
 */
export class Recent {
  readonly #known = new Map<string, Known>();
  #others = 0;
  #moment: Moment | undefined;

  constructor(
    private readonly path: string,
    private readonly statements: Statements,
  ) {}

  /** The live entry of a ref, read on its own outside of a transaction. */
  read(ref: Ref, now: number): Entry | undefined {
    const known = ref.space === "data" ? this.#known.get(ref.key) : undefined;
    // What is written and read in turn is not worth asking about.
    if (!known?.again) return this.liveOf(ref, this.#rowOf(ref), now);
    // Before the row: what is committed in between is then noticed by the next call.
    const moment = this.#look();
    if (known.seen !== moment) {
      const row = this.#rowOf(ref);
      if (row === null || !isSame(known.row, row)) {
        this.#known.delete(ref.key);
        return this.liveOf(ref, row, now);
      }
      known.seen = moment;
    }
    return unexpired(known.entry, now);
  }

  /** What `liveOf` gives. */
  liveOf(ref: Ref, row: EntryRow | null, now: number): Entry | undefined {
    if (row === null || ref.space !== "data") return liveOf(ref, row, now, this.path);
    return unexpired(this.#entryOf(ref.key, row), now);
  }

  /** To be called when this connection may have changed anything, which does not show in its `data_version`. */
  forgetMoment(): void {
    this.#moment = undefined;
  }

  #look(): Moment {
    const version = this.statements.dataVersion.get()?.data_version ?? Number.NaN;
    if (this.#moment?.version !== version) this.#moment = { version };
    return this.#moment;
  }

  #rowOf({ space, key }: Ref): EntryRow | null {
    return this.statements.spaces[space].read.get(key);
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
      if (this.#hasRoom(key)) this.#known.set(key, { row, entry, again: false, seen: undefined });
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
