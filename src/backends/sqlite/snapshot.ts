import type { Database } from "bun:sqlite";
import { RunnerError } from "../../lib/errors.ts";
import { formatCount, plural } from "../../lib/text.ts";
import type { Entry, Space } from "../backend.ts";
import { prefixEnd } from "../order.ts";
import { explain } from "./errors.ts";
import { openConnection } from "./open.ts";
import { above } from "./range.ts";
import { entryOf, type ListedRow } from "./rows.ts";
import { LIVE, SpaceStatements } from "./statements.ts";

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
    let found = 0;
    for (;;) {
      const rows = statements.page.all(from, to, now, PAGE);
      found += rows.length;
      if (rows.length > 0) yield rows.map((row) => entryOf(space, row.key, row, path));
      if (rows.length < PAGE) {
        if (space === "data" && prefix === "") compareWithCounts(found, db, { now, path });
        return;
      }
      from = above((rows[rows.length - 1] as ListedRow).key);
    }
  } catch (error) {
    throw explain(error, path);
  } finally {
    statements.finalize();
    db.close();
  }
}

/**
 * Raises `damaged` unless a listing of all of the `data` space, as of one moment, finds what was counted. To be asked
 * where it seems that a listing has missed something: it may only be that others were writing meanwhile.
 */
export function checkWhole(path: string, now: number): void {
  for (const _ of snapshot(path, { space: "data", prefix: "" }, now));
}

function compareWithCounts(found: number, db: Database, { now, path }: { now: number; path: string }): void {
  const counted = db.query<{ live: number }, [number]>(LIVE).get(now)?.live ?? 0;
  if (found === counted) return;
  throw new RunnerError(
    "damaged",
    `Cannot read all of "${path}": ${plural(found, "key")} found where ${formatCount(counted)} were counted. ` +
      "Restore a backup, or save what can be: runner state verify --salvage FILE",
  );
}
