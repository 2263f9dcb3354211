import type { ChangeRecord, Cursor } from "./backend.ts";
import { compareKeys } from "./order.ts";
import { countKept, isPruneDue, type Retention } from "./retention.ts";

/** The history of a store in memory: by revision, and by key. */
export class ChangeLog {
  /** By revision, keys of one revision in byte order. Dropped ones stay until they are the half of it. */
  #records: ChangeRecord[] = [];
  readonly #byKey = new Map<string, ChangeRecord[]>();
  readonly #dropped = new Set<ChangeRecord>();
  #compacted = 0;

  constructor(private readonly retention: Retention) {}

  get size(): number {
    return this.#records.length - this.#dropped.size;
  }

  /** The highest revision of which something was dropped; 0 when nothing was. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Adds the records of one commit; `now` in ms since the epoch. */
  append(records: ChangeRecord[], now: number): void {
    if (records.length > 1) records.sort((a, b) => compareKeys(a.key, b.key));
    for (const record of records) {
      this.#records.push(record);
      const versions = this.#byKey.get(record.key);
      if (versions === undefined) this.#byKey.set(record.key, [record]);
      else versions.push(record);
      if (isPruneDue(record.revision, this.retention)) this.prune(record.key, now);
    }
  }

  /** Records after a place, oldest first. */
  after(cursor: Cursor, prefix: string, limit: number): ChangeRecord[] {
    const found: ChangeRecord[] = [];
    for (let at = this.#firstFrom(cursor.revision); at < this.#records.length; at++) {
      const record = this.#records[at] as ChangeRecord;
      if (found.length >= limit) break;
      if (!isAfter(record, cursor) || this.#dropped.has(record)) continue;
      if (record.key.startsWith(prefix)) found.push(record);
    }
    return found;
  }

  /** Versions of a key, newest first, those before a revision. */
  versions(key: string, before: number, limit: number): ChangeRecord[] {
    const found: ChangeRecord[] = [];
    const records = this.#byKey.get(key) ?? [];
    for (let at = records.length - 1; at >= 0 && found.length < limit; at--) {
      const record = records[at] as ChangeRecord;
      if (record.revision < before) found.push(record);
    }
    return found;
  }

  /** Forgets all versions of a key; how many there were. */
  purge(key: string): number {
    return this.#drop(key, this.#byKey.get(key)?.length ?? 0);
  }

  /** Drops what a key has too much of. */
  prune(key: string, now: number): void {
    const versions = this.#byKey.get(key) ?? [];
    const newestFirst = versions.map((record) => ({ at: record.at, bytes: sizeOfRecord(record) })).reverse();
    const dropped = versions.length - countKept(newestFirst, now, this.retention);
    const last = versions[dropped - 1];
    if (last !== undefined) this.#compacted = Math.max(this.#compacted, last.revision);
    this.#drop(key, dropped);
  }

  /** Drops what is too old, of all keys. */
  pruneOld(now: number): void {
    const { maxAge, minAge } = this.retention;
    const doomed = new Set<string>();
    for (const record of this.#records) {
      if (now - record.at <= Math.max(maxAge, minAge)) break;
      doomed.add(record.key);
    }
    for (const key of doomed) this.prune(key, now);
  }

  #drop(key: string, count: number): number {
    const versions = this.#byKey.get(key);
    if (versions === undefined) return 0;
    for (const record of versions.splice(0, count)) this.#dropped.add(record);
    if (versions.length === 0) this.#byKey.delete(key);
    if (this.#dropped.size * 2 > this.#records.length) {
      this.#records = this.#records.filter((record) => !this.#dropped.has(record));
      this.#dropped.clear();
    }
    return count;
  }

  /** The first place whose revision is at least `revision`. */
  #firstFrom(revision: number): number {
    let [low, high] = [0, this.#records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#records[middle] as ChangeRecord).revision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isAfter(record: ChangeRecord, cursor: Cursor): boolean {
  if (record.revision !== cursor.revision) return record.revision > cursor.revision;
  return cursor.key !== undefined && compareKeys(record.key, cursor.key) > 0;
}

function sizeOfRecord({ value }: ChangeRecord): number {
  if (value === undefined) return 0;
  return typeof value.data === "number" ? 8 : value.data.length;
}
