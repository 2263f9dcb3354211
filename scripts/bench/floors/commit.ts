import { Database } from "bun:sqlite";

/** A function that commits one record of a journal, of the size that runner's has, in an immediate transaction. */
export function openCommits(path: string, synchronous: "FULL" | "NORMAL"): (task: string) => void {
  const db = new Database(path);
  db.run("PRAGMA journal_mode = WAL");
  db.run(`PRAGMA synchronous = ${synchronous}`);
  db.run("CREATE TABLE run (key TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT");
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const insert = db.prepare<unknown, [string, string]>("INSERT INTO run VALUES (?, ?)");
  return (task) => {
    const now = Date.now();
    const attempts = [{ started: now, ended: now }];
    begin.run();
    insert.run(task, JSON.stringify({ name: task, index: 0, status: "ok", attempts, ended: now, next: [] }));
    commit.run();
  };
}
