import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { peek } from "../../src/backends/sqlite/peek.ts";
import { failure } from "../../src/contract/subject.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

const ref = (key: string) => ({ space: "data", key }) as const;

describe("peek()", () => {
  test("gives the entry that a backend gives", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("text", "værdi");
    await store.set("table", { a: [1, 2] }, 60);
    const read = await store.backend.read([ref("text"), ref("table")]);
    await store.close();
    expect([peek(files.path, ref("text"), 0), peek(files.path, ref("table"), 0)]).toEqual(read);
  });

  test("gives nothing for what is absent or has expired", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore({ now: () => 1_000_000 });
    await store.set("k", 1, 60);
    await store.close();
    expect(peek(files.path, ref("other"), 1_000_000)).toBeUndefined();
    expect(peek(files.path, ref("k"), 1_060_000)).toBeUndefined();
    expect(peek(files.path, ref("k"), 1_059_999)?.key).toBe("k");
  });

  test("leaves nothing open when it cannot ask", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    await store.close();
    const db = new Database(files.path);
    db.run("DROP TABLE run");
    db.close();
    expect(() => peek(files.path, { space: "run", key: "k" }, 0)).toThrow();
    const open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
    expect(open.filter((path) => path.startsWith(files.folder))).toEqual([]);
  });

  test("creates no store and leaves no log", async () => {
    await using files = new SqliteFolder();
    expect(peek(files.path, ref("k"), 0)).toBeUndefined();
    expect(existsSync(files.path)).toBe(false);
    const store = files.openStore();
    await store.set("k", 1);
    await store.close();
    peek(files.path, ref("k"), 0);
    expect(readdirSync(`${files.folder}/state`)).toEqual(["local.db"]);
  });

  test("gives nothing while another connection keeps all others out", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    await store.close();
    using raw = files.raw();
    raw.run("PRAGMA locking_mode = EXCLUSIVE");
    raw.run("BEGIN EXCLUSIVE");
    expect(peek(files.path, ref("k"), 0)).toBeUndefined();
    raw.run("ROLLBACK");
  });

  test("refuses the value of an entry that changed in the file", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", "true");
    await store.close();
    using raw = files.raw();
    raw.run("UPDATE data SET value = 'forged'");
    raw.close();
    expect((await failure(() => peek(files.path, ref("k"), 0)?.value)).code).toBe("damaged");
  });

  test("refuses a database of another program", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    await store.close();
    using raw = files.raw();
    raw.run("PRAGMA application_id = 1");
    raw.close();
    expect((await failure(() => peek(files.path, ref("k"), 0))).code).toBe("damaged");
  });
});
