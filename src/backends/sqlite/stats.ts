import type { Database } from "bun:sqlite";
import { node } from "../../lib/node.ts";
import type { ValueType } from "../../lib/value.ts";
import type { BackendStats } from "../backend.ts";
import { REVISION } from "./schema.ts";

/** The figures of a store that does not exist. */
export const EMPTY_STATS: BackendStats = {
  keysByType: {},
  expiredKeys: 0,
  sizeBytes: 0,
  logBytes: 0,
  historyRecords: 0,
  revision: 0,
  retries: 0,
};

/** The figures that the database itself knows; `now` in ms since the epoch. Looks only at expired entries one by one. */
export function countStats(
  db: Database,
  now: number,
): Pick<BackendStats, "keysByType" | "expiredKeys" | "historyRecords" | "revision"> {
  const all = db.query<TypeCount, []>("SELECT type, entries FROM type_count").all();
  const expired = db
    .query<TypeCount, [number]>(
      "SELECT type, count(*) AS entries FROM data WHERE expires_at <= ?1 GROUP BY type",
    )
    .all(now);
  const keysByType: Partial<Record<ValueType, number>> = {};
  for (const { type, entries } of all) {
    const live = entries - (expired.find((count) => count.type === type)?.entries ?? 0);
    if (live > 0) keysByType[type] = live;
  }
  // By the smaller of its trees; the versions themselves are not looked at.
  const history = db
    .query<{ records: number }, []>("SELECT count(*) AS records FROM history INDEXED BY history_by_key")
    .get();
  const store = db.query<{ revision: number }, []>(`SELECT ${REVISION} AS revision FROM store`).get();
  return {
    keysByType,
    expiredKeys: expired.reduce((sum, { entries }) => sum + entries, 0),
    historyRecords: history?.records ?? 0,
    revision: store?.revision ?? 0,
  };
}

interface TypeCount {
  readonly type: ValueType;
  readonly entries: number;
}

/** Bytes of the database with its log, and of the log alone. */
export function measureFiles(path: string): Pick<BackendStats, "sizeBytes" | "logBytes"> {
  const logBytes = fileSize(`${path}-wal`);
  return { sizeBytes: fileSize(path) + logBytes, logBytes };
}

function fileSize(path: string): number {
  return node.fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
