/*
 * A process of its own that writes to a store, for tests with several of them:
 *   bun writer.ts increment PATH COUNT    adds COUNT times 1 to "n"
 *   bun writer.ts push PATH NAME          pushes 1, 2, 3 … to the list NAME for ever, and says so after each
 *   bun writer.ts hold PATH               keeps all others from writing until a line comes in, and says "held"
 */
import { Database } from "bun:sqlite";
import { SqliteBackend } from "../../src/backends/sqlite/backend.ts";
import { Store } from "../../src/state/store.ts";

const [mode, path = "", argument = ""] = process.argv.slice(2);
const backend = new SqliteBackend({ path, durability: "normal", busyTimeout: 30_000 });
const store = new Store(backend, { writer: { host: "test", user: "test", pid: process.pid } });

if (mode === "increment") {
  for (let i = 0; i < Number(argument); i++) await store.increment("n");
} else if (mode === "hold") {
  const database = new Database(path);
  database.run("BEGIN IMMEDIATE");
  process.stdout.write("held\n");
  for await (const _line of console) break;
  database.run("COMMIT");
  database.close();
} else {
  for (let i = 1; ; i++) {
    await store.listPush(argument, i);
    await store.increment("total");
    process.stdout.write(`${i}\n`);
  }
}
await store.close();
