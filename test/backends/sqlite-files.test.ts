import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { MIGRATIONS } from "../../src/backends/sqlite/schema.ts";
import { Clock, failure } from "../../src/contract/subject.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("creating a store", () => {
  test("reads find a store that does not exist empty and create nothing", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    expect(await store.get("k")).toBeUndefined();
    expect(await store.getMany(["k"])).toEqual({});
    expect(await store.keys()).toEqual([]);
    expect(await store.history("k")).toEqual([]);
    expect(await store.stats()).toMatchObject({
      total_keys: 0,
      revision: 0,
      db_size_bytes: 0,
      db_path: files.path,
    });
    await store.close();
    expect(readdirSync(files.folder)).toEqual([]);
  });

  test("the first write makes folder and file private to their owner, the log too", async () => {
    await using files = new SqliteFolder();
    await files.openStore().set("k", 1);
    expect(mode(dirname(files.path))).toBe("700");
    expect([mode(files.path), mode(`${files.path}-wal`), mode(`${files.path}-shm`)]).toEqual([
      "600",
      "600",
      "600",
    ]);
  });

  test("close() leaves nothing beside the file", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    await store.stats();
    await store.keys();
    await store.close();
    expect(readdirSync(dirname(files.path))).toEqual(["local.db"]);
  });

  test("two that create it at once share what they wrote", async () => {
    await using files = new SqliteFolder();
    const [one, other] = [files.openStore(), files.openStore()];
    await Promise.all([one.set("a", 1), other.set("b", 2)]);
    expect(await one.keys()).toEqual(["a", "b"]);
    expect(await other.list()).toEqual({ a: 1, b: 2 });
  });

  test("what another process of runner creates later is seen", async () => {
    await using files = new SqliteFolder();
    const early = files.openStore();
    expect(await early.get("k")).toBeUndefined();
    await files.openStore().set("k", 1);
    expect(await early.get("k")).toBe(1);
  });

  test("the log of a database that is gone is not taken over", async () => {
    await using files = new SqliteFolder("damaged");
    mkdirSync(dirname(files.path));
    writeFileSync(`${files.path}-wal`, "old pages");
    const error = await failure(() => files.openStore().set("k", 1));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("its log");
    expect(readFileSync(`${files.path}-wal`, "utf8")).toBe("old pages");
    expect(existsSync(files.path)).toBe(false);
  });
});

describe("a file that is not a store", () => {
  /** Reads and writes both fail with this, and the file stays as it is with nothing beside it. */
  async function refused(make: (path: string) => void): Promise<{ code: string; message: string }> {
    await using files = new SqliteFolder("damaged");
    mkdirSync(dirname(files.path));
    make(files.path);
    const before = statSync(files.path).isFile() ? readFileSync(files.path) : undefined;
    const error = await failure(() => files.openStore().get("k"));
    expect(await failure(() => files.openStore().set("k", 1))).toEqual(error);
    expect(readdirSync(dirname(files.path))).toEqual(["local.db"]);
    if (before !== undefined) expect(readFileSync(files.path).equals(before)).toBe(true);
    return { code: error.code, message: error.message.replaceAll(files.path, "FILE") };
  }

  test("something else than SQLite is refused with its size", async () => {
    expect(await refused((path) => writeFileSync(path, "x".repeat(9000)))).toEqual({
      code: "damaged",
      message:
        'Cannot open "FILE": not a SQLite database (9,000 bytes of something else). It was not changed. ' +
        "If it was a store, bring back a backup: runner state restore FILE",
    });
  });

  test("an empty file is refused", async () => {
    const { code, message } = await refused((path) => writeFileSync(path, ""));
    expect(code).toBe("damaged");
    expect(message).toContain("the file is empty");
  });

  test("a folder is refused", async () => {
    const { code, message } = await refused((path) => mkdirSync(path));
    expect(code).toBe("unavailable");
    expect(message).toContain("it is a folder");
  });

  test("a database of another program is refused", async () => {
    const { message } = await refused((path) => {
      using db = new Database(path);
      db.run("CREATE TABLE notes (text)");
    });
    expect(message).toContain("a SQLite database of another program");
  });

  test("a database of Sloth Runner is refused, with the command that takes it over", async () => {
    for (const table of ["state_data", "state"]) {
      const { message } = await refused((path) => {
        using db = new Database(path);
        db.run(`CREATE TABLE ${table} (key TEXT PRIMARY KEY, value TEXT)`);
      });
      expect(message).toContain("runner state import --from sloth FILE");
    }
  });

  test("a store of a newer runner is refused and says to upgrade", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    await store.close();
    files.raw().run(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    const before = readFileSync(files.path);
    const error = await failure(() => files.openStore().get("k"));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("Upgrade runner.");
    expect(readFileSync(files.path).equals(before)).toBe(true);
  });

  test("a path through something that is not a folder is refused", async () => {
    await using files = new SqliteFolder("damaged");
    writeFileSync(dirname(files.path), "a file where the folder should be");
    const error = await failure(() => files.openStore().set("k", 1));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("not a folder");
    expect((await failure(() => files.openStore().get("k"))).code).toBe("unavailable");
  });
});

describe("a file that goes away under a writer", () => {
  test("a deleted file fails the next write within a second, and reads nothing new into being", async () => {
    await using files = new SqliteFolder("damaged");
    const clock = new Clock();
    const store = files.openStore({ now: clock.now });
    await store.set("k", 1);
    rmSync(files.path);
    clock.advance(1);
    const error = await failure(() => store.set("k", 2));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("was deleted while this process had it open");
    expect((await failure(() => store.set("k", 2))).code).toBe("unavailable");
    expect(existsSync(files.path)).toBe(false);
  });

  test("a reader of a file that was replaced is told within a second, too", async () => {
    await using files = new SqliteFolder("damaged");
    const clock = new Clock();
    const store = files.openStore({ now: clock.now });
    await store.set("k", 1);
    renameSync(files.path, `${files.path}.old`);
    writeFileSync(files.path, "another file");
    clock.advance(1);
    expect((await failure(() => store.get("k"))).message).toContain(
      "was replaced while this process had it open",
    );
  });

  test("whoever waits for changes of a file that is gone is woken, and told with the next read", async () => {
    await using files = new SqliteFolder("damaged");
    const store = files.openStore();
    await store.set("k", 1);
    const waited = store.backend.wait(AbortSignal.timeout(60_000));
    rmSync(files.path);
    await waited;
    const error = await failure(() => store.get("k"));
    expect(error.message).toContain("was deleted while this process had it open");
    expect((await failure(() => store.set("k", 2))).code).toBe("unavailable");
  });

  test("a replaced file fails the next write within a second, also after the clock was set back", async () => {
    await using files = new SqliteFolder("damaged");
    const clock = new Clock();
    const store = files.openStore({ now: clock.now });
    await store.set("k", 1);
    renameSync(files.path, `${files.path}.old`);
    writeFileSync(files.path, "another file");
    clock.advance(-3600);
    const error = await failure(() => store.set("k", 2));
    expect(error.message).toContain("was replaced while this process had it open");
    expect(readFileSync(files.path, "utf8")).toBe("another file");
  });
});
