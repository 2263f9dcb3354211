import type { Database } from "bun:sqlite";
import { checkFilesystem } from "./filesystem.ts";
import { LogRoom } from "./log-room.ts";
import type { Durability } from "./open.ts";
import type { Statements } from "./statements.ts";

/**
 * Pages that the log has before a writer brings them into the file, which then makes it wait for the disk.
 * A page that many commits have changed is brought there once: with SQLite's own 1000, a commit takes a fifth longer.
 */
const LOG_PAGES = 4000;

/** Sets a connection up for writing; what comes back is to be called after each commit. Raises on a network file system. */
export function prepareToWrite(
  db: Database,
  statements: Statements,
  path: string,
  durability: Durability,
): () => void {
  checkFilesystem(path);
  db.run(`PRAGMA synchronous = ${durability}`);
  db.run(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
  if (durability === "normal") return () => undefined;
  const room = new LogRoom(db, statements, path, LOG_PAGES);
  return () => room.committed();
}
