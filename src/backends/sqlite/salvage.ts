import { Database } from "bun:sqlite";
import type { Entry } from "../backend.ts";
import { checksum } from "./checksum.ts";
import { entryOf, type ListedRow, ROW } from "./rows.ts";

/**
 * The entries of the `data` space of a damaged store whose values are as they were written: from both ends of the table
 * up to what cannot be read, and by the index of the keys, which may still know the way to what lies between.
 */
export function* salvage(path: string): Generator<readonly Entry[]> {
  const db = new Database(path, { readwrite: true, create: false });
  try {
    const seen = new Set<string>();
    for (const order of ["rowid", "rowid DESC", "key", "key DESC"]) {
      const entries: Entry[] = [];
      for (const row of readable(db, `SELECT rowid, key, ${ROW} FROM data ORDER BY ${order}`)) {
        if (seen.has(row.key) || !isWhole(row)) continue;
        seen.add(row.key);
        entries.push(entryOf("data", row.key, row, path));
        if (entries.length >= 1000) yield entries.splice(0);
      }
      if (entries.length > 0) yield entries;
    }
  } finally {
    db.close();
  }
}

/** The rows of a query up to the first that cannot be read. */
function* readable(db: Database, sql: string): Generator<ListedRow> {
  try {
    const rows = db.prepare<ListedRow, []>(sql);
    try {
      yield* rows.iterate();
    } finally {
      rows.finalize();
    }
  } catch {
    // This is what is to be expected here; the next way may lead further.
  }
}

function isWhole(row: ListedRow): boolean {
  try {
    return checksum("data", row.key, row) === row.checksum;
  } catch {
    // Parts of the row are of wrong kinds.
    return false;
  }
}
