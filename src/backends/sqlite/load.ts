import { failpoint } from "../../lib/failpoint.ts";
import type { Loaded, LoadItem, LoadOptions, Space, Writer } from "../backend.ts";
import { sameEncoded, twice } from "../load.ts";
import { checksum } from "./checksum.ts";
import type { Transactions } from "./transaction.ts";

/** Loads entries in one transaction; see `Backend.load`. `now` in ms since the epoch. */
export function load(
  transactions: Transactions,
  items: Iterable<LoadItem>,
  { replace, above }: LoadOptions,
  { now, by }: { now: number; by: Writer },
): Loaded {
  const { statements } = transactions;
  return transactions.immediate(() => {
    const commit = { revision: Math.max(transactions.store().revision, above) + 1, now, by };
    const left = new LeftAlone(transactions, replace);
    // A new store, into which most loads go, has no history to ask for each of many keys.
    const hasHistory = statements.oldest.get(1) !== null;
    let written = 0;
    let same = 0;
    for (const { space, entry } of items) {
      const { key, value, createdAt, updatedAt, expiresAt = null } = entry;
      const row = statements.spaces[space].readToWrite.get(key);
      if (row?.revision === commit.revision) throw twice(key);
      if (
        row !== null &&
        row.expiresAt === expiresAt &&
        sameEncoded({ type: row.type, data: row.value }, value)
      ) {
        left.add(space, row.rowid);
        same++;
        continue;
      }
      const { type, data } = value;
      const { revision } = commit;
      const sum = checksum(space, key, { type, value: data, revision, expiresAt });
      const columns = [type, data, revision, createdAt, updatedAt, expiresAt, sum] as const;
      if (row === null) {
        if (hasHistory) transactions.checkAbsent({ space, key });
        statements.spaces[space].insert.run(key, ...columns);
      } else statements.spaces[space].update.run(row.rowid, ...columns);
      if (space === "data") transactions.record(key, "put", value, expiresAt, commit);
      written++;
    }
    failpoint("load.written");
    const removed = left.removeOthers(commit);
    if (written + removed > 0) statements.setRevision.run(commit.revision);
    return { written, same, removed };
  });
}

/** Which rows were equal already; known only while other rows have to go. */
class LeftAlone {
  readonly #transactions: Transactions;
  readonly #spaces: readonly Space[];

  constructor(transactions: Transactions, spaces: readonly Space[]) {
    this.#transactions = transactions;
    this.#spaces = spaces;
    const { database } = transactions;
    for (const space of spaces) {
      database.run(`CREATE TEMP TABLE IF NOT EXISTS left_${space} (row INTEGER PRIMARY KEY)`);
      database.run(`DELETE FROM left_${space}`);
    }
  }

  add(space: Space, rowid: number): void {
    if (!this.#spaces.includes(space)) return;
    this.#transactions.database.query(`INSERT OR IGNORE INTO left_${space} VALUES (?1)`).run(rowid);
  }

  removeOthers(commit: Parameters<Transactions["drop"]>[3]): number {
    let removed = 0;
    for (const space of this.#spaces) {
      const others = this.#transactions.database
        .query<{ rowid: number; key: string }, [number]>(
          `SELECT rowid, key FROM ${space} WHERE revision <> ?1 AND rowid NOT IN (SELECT row FROM left_${space})`,
        )
        .all(commit.revision);
      for (const { rowid, key } of others) {
        removed += this.#transactions.drop({ space, key }, rowid, "delete", commit);
      }
    }
    return removed;
  }
}
