import { Database } from "bun:sqlite";

/** Before this, a WAL reset could lose what another connection had written (sqlite.org/wal.html). */
export const OLDEST_SQLITE = "3.51.3";

/** The version of SQLite in use: on macOS that of the system, elsewhere that of this program. */
export function libraryVersion(): string {
  using db = new Database(":memory:");
  return db.query<{ version: string }, []>("SELECT sqlite_version() AS version").get()?.version ?? "0";
}

/** Pure: whether a version of SQLite has a known fault that loses data. */
export function isFaulty(version: string): boolean {
  return Bun.semver.order(version, OLDEST_SQLITE) < 0;
}
