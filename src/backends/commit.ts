import type { ChangeRecord, Encoded, Entry, Ref, Write, Writer } from "./backend.ts";

/** What one commit shares. */
export interface Commit {
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly by: Writer;
}

/** One write with all that was left open decided. */
export interface PlannedWrite {
  readonly ref: Ref;
  /** Place of its ref in the update. */
  readonly place: number;
  /** Absent: the entry goes. */
  readonly put?: Encoded;
  readonly expiresAt?: number;
  readonly createdAt: number;
  /** Whether its history goes as well. */
  readonly purge?: true;
}

/** What a change really writes: a delete of what is absent is nothing, and "keep" is the expiry that it has. */
export function planWrites(
  refs: readonly Ref[],
  entries: readonly (Entry | undefined)[],
  writes: readonly (Write | undefined)[] | undefined,
  now: number,
): PlannedWrite[] {
  const planned: PlannedWrite[] = [];
  if (writes === undefined) return planned;
  for (let place = 0; place < refs.length; place++) {
    const ref = refs[place] as Ref;
    const write = writes[place];
    const old = entries[place];
    if (write === undefined) continue;
    const createdAt = old === undefined ? now : old.createdAt;
    if ("put" in write) {
      const expiresAt = write.expires === "keep" ? old?.expiresAt : write.expires;
      const expiry = typeof expiresAt === "number" ? { expiresAt } : {};
      planned.push({ ref, place, put: write.put, createdAt, ...expiry });
    } else if (write.purge) {
      planned.push({ ref, place, createdAt, purge: true });
    } else if (old !== undefined) {
      planned.push({ ref, place, createdAt });
    }
  }
  return planned;
}

/** The record of a write for the history. */
export function recordOf(write: PlannedWrite, { revision, now, by }: Commit): ChangeRecord {
  const base = { key: write.ref.key, revision, at: now, by };
  if (write.put === undefined) return { ...base, kind: "delete" };
  const expiry = write.expiresAt === undefined ? {} : { expiresAt: write.expiresAt };
  return { ...base, kind: "put", value: write.put, ...expiry };
}
