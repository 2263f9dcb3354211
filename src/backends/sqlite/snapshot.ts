import type { Entry, Space } from "../backend.ts";
import { prefixEnd } from "../order.ts";
import { explain } from "./errors.ts";
import { openConnection } from "./open.ts";
import { above } from "./range.ts";
import { entryOf, type ListedRow } from "./rows.ts";
import { SpaceStatements } from "./statements.ts";

/** Entries that one page holds. */
const PAGE = 1000;

/**
 * The live entries of a range as of one moment, `now` in ms since the epoch. Reads by a connection of its own, since a
 * connection that is reading a snapshot cannot write.
 */
export function* snapshot(
  path: string,
  { space, prefix }: { space: Space; prefix: string },
  now: number,
): Generator<readonly Entry[]> {
  const db = openConnection(path, { again: true });
  if (db === undefined) return;
  const statements = new SpaceStatements(db, space);
  try {
    db.run("BEGIN");
    const to = prefixEnd(prefix) ?? new Uint8Array(0);
    let from = prefix;
    for (;;) {
      const rows = statements.page.all(from, to, now, PAGE);
      if (rows.length > 0) yield rows.map((row) => entryOf(space, row.key, row, path));
      if (rows.length < PAGE) return;
      from = above((rows[rows.length - 1] as ListedRow).key);
    }
  } catch (error) {
    throw explain(error, path);
  } finally {
    statements.finalize();
    db.close();
  }
}
