import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { SWEEP_INTERVAL_MS } from "../../src/backends/backend.ts";
import { migrate, schemaVersion } from "../../src/backends/sqlite/schema.ts";
import { Clock, failure, WRITER } from "../../src/contract/subject.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

describe("checksum", () => {
  const changes: [what: string, sql: string][] = [
    ["value", "UPDATE data SET value = 'forged' WHERE key = 'k'"],
    ["type", "UPDATE data SET type = 'bytes' WHERE key = 'k'"],
    ["revision", "UPDATE data SET revision = 99 WHERE key = 'k'"],
    ["expiry", "UPDATE data SET expires_at = 9999999999999 WHERE key = 'k'"],
    ["key", "UPDATE data SET key = 'k' WHERE key = 'other'"],
  ];
  for (const [what, sql] of changes) {
    test(`a ${what} that changed in the file is damaged, by name, for every call that would give it`, async () => {
      await using files = new SqliteFolder();
      const store = files.openStore();
      await store.setMany({ k: "true", other: "other" });
      using raw = files.raw();
      if (what === "key") raw.run("DELETE FROM data WHERE key = 'k'");
      raw.run(sql);
      const error = await failure(() => store.get("k"));
      expect(error.code).toBe("damaged");
      expect(error.message).toContain(
        `Cannot read "k": what "${files.path}" holds there is not what was written.`,
      );
      for (const call of [() => store.getMany(["k"]), () => store.list(), () => store.append("k", "x")]) {
        expect((await failure(call)).code).toBe("damaged");
      }
    });
  }

  test("a damaged entry can be replaced or deleted, and then the store is well again", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.setMany({ a: 1, b: 2 });
    using raw = files.raw();
    raw.run("UPDATE data SET value = value + 10");
    expect((await failure(() => store.list())).code).toBe("damaged");
    await store.set("a", 3);
    expect(await store.delete("b")).toBe(true);
    expect(await store.list()).toEqual({ a: 3 });
  });

  test("a row of another space does not pass in this one", async () => {
    await using files = new SqliteFolder("damaged");
    const store = files.openStore();
    await store.set("k", 1);
    using raw = files.raw();
    raw.run("INSERT INTO once SELECT * FROM data");
    const read = () => store.backend.read([{ space: "once", key: "k" }]);
    expect((await failure(async () => (await read())[0]?.value)).code).toBe("damaged");
  });

  test("a version that changed in the history is damaged", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    using raw = files.raw();
    raw.run("UPDATE history SET value = 2");
    const error = await failure(() => store.history("k"));
    expect(error.code).toBe("damaged");
    expect(error.message).toContain('revision 1 of "k"');
  });
});

describe("revisions", () => {
  test("one that history no longer holds is not used again", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    await store.set("k", 2);
    using raw = files.raw();
    raw.run("DELETE FROM history");
    await store.set("k", 3);
    expect((await store.show("k"))?.revision).toBe(3);
  });

  test("spaces without history count in the same revisions", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    const put = () => ({
      result: true,
      writes: [{ put: { type: "number", data: 1 }, expires: "never" }] as const,
    });
    await store.backend.update([{ space: "run", key: "r" }], put, { host: "h", user: "u", pid: 1 });
    await store.set("k", 2);
    const [entry] = await store.backend.read([{ space: "run", key: "r" }]);
    expect([entry?.revision, (await store.show("k"))?.revision]).toEqual([2, 3]);
  });
});

describe("sweep", () => {
  test("a write has landed and says so although the sweep after it fails", async () => {
    await using files = new SqliteFolder();
    const clock = new Clock();
    const store = files.openStore({ now: clock.now });
    await store.set("k", 1, 1);
    using raw = files.raw();
    raw.run("CREATE TRIGGER refuse BEFORE DELETE ON data BEGIN SELECT RAISE(ABORT, 'refused'); END");
    clock.time += SWEEP_INTERVAL_MS;
    expect(await store.set("other", 1)).toBe(true);
    expect((await store.stats()).expired_keys).toBe(1);
    raw.run("DROP TRIGGER refuse");
    await store.set("other", 2);
    expect(await store.stats()).toMatchObject({ expired_keys: 0, total_keys: 1 });
  });
});

describe("migrate()", () => {
  const first = ["CREATE TABLE a (x)"];
  const second = ["CREATE TABLE b (x)", "INSERT INTO b VALUES (1)"];

  test("applies the steps that a database has not had, each once", () => {
    using db = new Database(":memory:");
    migrate(db, [first]);
    expect(schemaVersion(db)).toBe(1);
    migrate(db, [first, second]);
    migrate(db, [first, second]);
    expect(schemaVersion(db)).toBe(2);
    expect(db.query("SELECT count(*) FROM b").values()).toEqual([[1]]);
  });

  test("leaves the database as it was when a step fails", () => {
    using db = new Database(":memory:");
    migrate(db, [first]);
    expect(() => migrate(db, [first, [...second, "not SQL"]])).toThrow();
    expect(schemaVersion(db)).toBe(1);
    expect(db.query("SELECT name FROM sqlite_schema").values()).toEqual([["a"]]);
  });
});

describe("a locked database", () => {
  test("reads go on, and a write waits without blocking until it gets through", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    using raw = files.raw();
    raw.run("BEGIN IMMEDIATE");
    const waiting = [store.increment("k"), store.increment("k"), store.append("s", "x")];
    expect(waiting[0]).toBeInstanceOf(Promise);
    expect(store.get("k")).toBe(1);
    raw.run("COMMIT");
    expect(await Promise.all(waiting)).toEqual([2, 3, 1]);
    expect((await store.stats()).retries).toBeGreaterThan(0);
  });

  test("a write gives up after the busy timeout, and the next one works", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore({ busyTimeout: 20 });
    await store.set("k", 1);
    using raw = files.raw();
    raw.run("BEGIN IMMEDIATE");
    const error = await failure(() => store.set("k", 2));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("another process has had it locked for 0.02 s");
    raw.run("ROLLBACK");
    await store.set("k", 3);
    expect(await store.get("k")).toBe(3);
  });

  test("updateNow() is done when it returns, after what waited before it", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("n", 1);
    const other = Bun.spawn([process.execPath, join(import.meta.dir, "writer.ts"), "hold", files.path], {
      stdout: "pipe",
      stdin: "pipe",
    });
    const { value: said } = await other.stdout.getReader().read();
    expect(Buffer.from(said ?? []).toString()).toBe("held\n");
    const waiting = store.increment("n");
    expect(waiting).toBeInstanceOf(Promise);
    other.stdin.write("release\n");
    other.stdin.flush();
    const n = { space: "data", key: "n" } as const;
    const seen = store.backend.updateNow?.([n], ([entry]) => ({ result: entry?.value.data }), WRITER);
    expect(seen).toBe(2);
    expect(await waiting).toBe(2);
    expect(await other.exited).toBe(0);
  });

  test("updateNow() gives up after the busy timeout, as what waited before it does", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore({ busyTimeout: 20 });
    await store.set("n", 1);
    using raw = files.raw();
    raw.run("BEGIN IMMEDIATE");
    const waiting = failure(() => store.increment("n"));
    const n = { space: "data", key: "n" } as const;
    const error = await failure(() => store.backend.updateNow?.([n], () => ({ result: 0 }), WRITER));
    expect(error).toMatchObject({ code: "unavailable" });
    expect(await waiting).toMatchObject({ code: "unavailable" });
    raw.run("ROLLBACK");
    expect(store.backend.updateNow?.([n], ([entry]) => ({ result: entry?.value.data }), WRITER)).toBe(1);
  });

  test("close() ends the waiting", async () => {
    await using files = new SqliteFolder();
    const store = files.openStore();
    await store.set("k", 1);
    using raw = files.raw();
    raw.run("BEGIN IMMEDIATE");
    const waiting = failure(() => store.set("k", 2));
    await store.close();
    expect((await waiting).message).toContain("it has been closed");
    expect((await failure(() => store.get("k"))).code).toBe("unavailable");
  });
});
