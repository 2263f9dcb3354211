import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteBackend } from "../../src/backends/sqlite/backend.ts";
import { type Verification, verifyFile } from "../../src/backends/sqlite/verify.ts";
import { Clock, WRITER } from "../../src/contract/subject.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { Store } from "../../src/state/store.ts";
import { createFolder } from "../helpers/folder.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);
/** Small ones, and some that take several pages; each has had another value before. */
const textOf = (key: string, version: number) =>
  `${key} v${version} ${"x".repeat(key.endsWith("7") ? 9000 : 20)}`;

async function fill(files: SqliteFolder, now = Date.now): Promise<SqliteBackend> {
  const backend = files.open({ now });
  const store = new Store(backend, { writer: WRITER });
  for (const version of [1, 2]) await store.setMany(new Map(KEYS.map((key) => [key, textOf(key, version)])));
  return backend;
}

/** What each key gives: its value, "damaged" when that is refused, "absent". */
async function readAll(path: string): Promise<Map<string, string>> {
  const backend = new SqliteBackend({ path, durability: "normal", busyTimeout: 0 });
  const store = new Store(backend, { writer: WRITER });
  const seen = new Map<string, string>();
  for (const key of KEYS) {
    try {
      seen.set(key, String((await store.get(key)) ?? "absent"));
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error;
      expect(["damaged", "unavailable"]).toContain(error.code);
      seen.set(key, "damaged");
    }
  }
  backend.close();
  return seen;
}

// https://sqlite.org/fileformat.html#page_size
function pageSizeOf(file: Buffer): number {
  return file.readUInt16BE(16);
}

async function verify(path: string): Promise<Verification | "refused"> {
  try {
    return await verifyFile(path);
  } catch (error) {
    if (error instanceof RunnerError && error.exitCode === 6) return "refused";
    throw error;
  }
}

describe("a store with one damaged byte", () => {
  test("get() gives what was written under the key or refuses, and verifyFile() finds what it cannot give", async () => {
    await using files = new SqliteFolder("damaged");
    (await fill(files)).close();
    using folder = createFolder();
    const whole = readFileSync(files.path);
    const path = join(folder.path, "harmed.db");
    // The header of the file byte by byte, and of each page its header, its pointers and what it holds.
    const places = [...Array(100).keys()];
    const pageSize = pageSizeOf(whole);
    for (let page = 0; page < whole.length; page += pageSize)
      places.push(...[0, 3, 5, 9, 350, 1150, pageSize - 200, pageSize - 6].map((at) => page + at));
    for (const place of places) {
      const harmed = Buffer.from(whole);
      harmed[place] = (harmed[place] ?? 0) ^ 0x55;
      writeFileSync(path, harmed);
      const seen = await readAll(path);
      const missing = KEYS.filter((key) => seen.get(key) !== textOf(key, 2));
      const wrong = missing.filter((key) => !["damaged", "absent"].includes(seen.get(key) ?? ""));
      expect({ place, wrong }).toEqual({ place, wrong: [] });
      writeFileSync(path, harmed);
      const found = await verify(path);
      if (missing.length > 0)
        expect({ place, found: found === "refused" || found.findings.length > 0 }).toEqual({
          place,
          found: true,
        });
    }
  }, 120_000);

  test("in its log, it is as of an earlier commit, never something else", async () => {
    await using files = new SqliteFolder("damaged");
    await fill(files);
    using folder = createFolder();
    const path = join(folder.path, "harmed.db");
    const log = readFileSync(`${files.path}-wal`);
    for (let place = 0; place < log.length; place += Math.ceil(log.length / 60)) {
      const harmed = Buffer.from(log);
      harmed[place] = (harmed[place] ?? 0) ^ 0x55;
      copyFileSync(files.path, path);
      writeFileSync(`${path}-wal`, harmed);
      const seen = await readAll(path);
      const versions = new Set(
        KEYS.map((key) => [1, 2].find((version) => seen.get(key) === textOf(key, version)) ?? seen.get(key)),
      );
      expect({
        place,
        versions: versions.size,
        known: [1, 2, "absent"].includes([...versions][0] ?? ""),
      }).toEqual({
        place,
        versions: 1,
        known: true,
      });
      expect(existsSync(path)).toBe(true);
    }
  });
});

describe("a store whose index of the keys is damaged", () => {
  const MANY = Array.from({ length: 2000 }, (_, i) => `key:${String(i).padStart(5, "0")}`);

  /** The path of a store of 2,000 keys in which bytes of one page of the index are others. */
  async function harmIndex(files: SqliteFolder, folder: string, nth: number): Promise<string> {
    const backend = files.open();
    await new Store(backend, { writer: WRITER }).setMany(new Map(MANY.map((key) => [key, 1])));
    using db = files.raw();
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    const pages = db
      .query<{ pageno: number }, [string]>("SELECT pageno FROM dbstat WHERE name = ?1 ORDER BY pageno")
      .all("sqlite_autoindex_data_1");
    const bytes = readFileSync(files.path);
    const pageSize = pageSizeOf(bytes);
    const start = ((pages[nth]?.pageno ?? 1) - 1) * pageSize;
    for (let place = start + 100; place < start + pageSize - 96; place += 40)
      bytes[place] = (bytes[place] ?? 0) ^ 0x55;
    const path = join(folder, `harmed${nth}.db`);
    writeFileSync(path, bytes);
    return path;
  }

  const raised = async (work: () => unknown): Promise<unknown> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error;
      return error.code;
    }
  };

  test("a listing of all keys gives all of them or raises damaged", async () => {
    await using files = new SqliteFolder("damaged");
    using folder = createFolder();
    let harmed = 0;
    for (let nth = 0; nth < 8; nth++) {
      const path = await harmIndex(files, folder.path, nth);
      using backend = Object.assign(new SqliteBackend({ path, durability: "normal", busyTimeout: 0 }), {
        [Symbol.dispose]: () => undefined,
      });
      const store = new Store(backend, { writer: WRITER });
      const keys = await raised(async () => (await store.keys()).length);
      const listed = await raised(async () => Object.keys(await store.list()).length);
      const copied = await raised(async () => {
        let found = 0;
        for (const page of backend.snapshot({ space: "data", prefix: "" })) found += page.length;
        return found;
      });
      for (const result of [keys, listed, copied]) expect([2000, "damaged"]).toContain(result as number);
      if (copied === "damaged") harmed++;
      backend.close();
    }
    expect(harmed).toBeGreaterThan(0);
  });

  test("set() and increment() do not begin anew what is said to be absent", async () => {
    await using files = new SqliteFolder("damaged");
    using folder = createFolder();
    for (let nth = 0; nth < 8; nth++) {
      const path = await harmIndex(files, folder.path, nth);
      const backend = new SqliteBackend({ path, durability: "normal", busyTimeout: 0 });
      const store = new Store(backend, { writer: WRITER });
      for (const key of MANY.filter((_, i) => i % 97 === 0)) {
        expect([2, "damaged"]).toContain((await raised(() => store.increment(key))) as number);
      }
      backend.close();
    }
  });
});

describe("verifyFile()", () => {
  const cases: [what: string, sql: string, where: string, why: string][] = [
    [
      "a missing entry",
      "DELETE FROM data WHERE key = 'key:3'",
      'key "key:3"',
      "it is missing; revision 2 wrote it",
    ],
    ["an older entry", "UPDATE data SET revision = 1 WHERE key = 'key:3'", 'key "key:3"', "changed by 2"],
    [
      "a forged value",
      "UPDATE data SET value = 'forged' WHERE key = 'key:3'",
      'key "key:3"',
      "not what was written",
    ],
    [
      "entries under each other's keys",
      "UPDATE data SET key = 'key:x' WHERE key = 'key:3'",
      'key "key:x"',
      "not what was written",
    ],
    [
      "a gap in the history",
      "DELETE FROM history WHERE key = 'key:3' AND revision = 2",
      'key "key:3"',
      "is missing in the history",
    ],
    [
      "a forged version",
      "UPDATE history SET value = 'forged' WHERE key = 'key:3'",
      'revision 1 of "key:3"',
      "not what was written",
    ],
    [
      "a wrong count",
      "UPDATE type_count SET entries = 7",
      "the counts",
      "there are 60 keys of type string, but 7 were counted",
    ],
    [
      "a counter that went back",
      "DELETE FROM history; UPDATE store SET revision = 1",
      "the revisions",
      "stands at 1",
    ],
  ];
  test.each(cases)("names %s", async (_what, sql, where, why) => {
    await using files = new SqliteFolder("damaged");
    (await fill(files)).close();
    const raw = files.raw();
    for (const statement of sql.split("; ")) raw.run(statement);
    raw.close();
    const { findings } = await verifyFile(files.path);
    expect(findings.find((finding) => finding.where === where && finding.what.includes(why))).toBeDefined();
  });

  test("finds nothing in a store that is whole, whatever was done in it", async () => {
    await using files = new SqliteFolder();
    const clock = new Clock();
    const backend = await fill(files, clock.now);
    const store = new Store(backend, { writer: WRITER });
    await store.delete("key:1");
    await store.set("key:2", 1, 1);
    clock.advance(2);
    await backend.sweep(10, WRITER);
    await store.set("lives", 1, 1000);
    await store.append("lives2", "x");
    expect(await verifyFile(files.path)).toEqual({ entries: 60, records: 125, findings: [] });
    await store.clear("key:*");
    expect((await verifyFile(files.path)).findings).toEqual([]);
  });
});
