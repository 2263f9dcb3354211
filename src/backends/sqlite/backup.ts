import type { Database } from "bun:sqlite";
import { node } from "../../lib/node.ts";
import { dirname } from "../../lib/path.ts";
import { PRUNE_BATCH } from "../retention.ts";
import { syncFolder } from "./create.ts";
import { explain } from "./errors.ts";
import { explainFileError } from "./inspect.ts";
import { openConnection } from "./open.ts";
import { pruneKey } from "./prune.ts";
import type { Transactions } from "./transaction.ts";

/**
 * Copies a store as of one moment into a file where nothing is (mode 0600), without its gaps, while others go on
 * writing. Raises when there is no store, and leaves no half of a copy.
 */
export function backupInto(path: string, file: string): void {
  const { closeSync, fsyncSync, openSync, rmSync } = node.fs;
  let made = false;
  let db: Database | undefined;
  try {
    closeSync(openSync(file, "wx", 0o600));
    made = true;
    db = openConnection(path, { again: true });
    if (db !== undefined) db.query("VACUUM INTO ?1").run(file);
    const handle = openSync(file, "r+");
    fsyncSync(handle);
    closeSync(handle);
    syncFolder(dirname(file));
  } catch (error) {
    if (made) rmSync(file, { force: true });
    throw explain(explainFileError(error, file), file);
  } finally {
    db?.close();
  }
}

/** Keys whose history is looked at in one transaction. */
const KEYS = 1000;

/**
 * Drops all that the history has too much of, and gives the space of what was deleted back to the file system. `now` in
 * ms since the epoch.
 */
export function compactStore(transactions: Transactions, now: number): void {
  const { database, statements, retention } = transactions;
  // To look at each key on its own would take a minute for a million of them, most of which have little history.
  const page = database.query<{ key: string }, [after: string, keep: number, bytes: number, before: number]>(
    `SELECT key FROM history WHERE key > ?1 GROUP BY key
      HAVING count(*) > ?2 OR sum(length(value)) > ?3 OR min(at) < ?4 ORDER BY key LIMIT ${KEYS}`,
  );
  const { keep, bytesPerKey, maxAge } = retention;
  const changes = database.query<{ total: number }, []>("SELECT total_changes() AS total");
  const total = () => changes.get()?.total ?? 0;
  let keys: { key: string }[] = [];
  do {
    keys = page.all(keys.at(-1)?.key ?? "", keep, bytesPerKey, now - maxAge);
    transactions.immediate(() => {
      const { revision } = transactions.store();
      for (const { key } of keys) {
        let before: number;
        do {
          before = total();
          pruneKey(statements, key, { revision, now }, retention);
        } while (total() - before >= PRUNE_BATCH);
      }
    });
  } while (keys.length === KEYS);
  database.run("VACUUM");
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}
