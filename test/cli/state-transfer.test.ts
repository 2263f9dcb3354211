import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

async function ok(sandbox: Sandbox, words: string[], stdin?: string): Promise<string> {
  const { stdout, stderr, exitCode } = await sandbox.run(
    ["state", ...words],
    stdin === undefined ? {} : { stdin },
  );
  expect({ words, stderr: exitCode === 0 ? "" : stderr, exitCode }).toEqual({
    words,
    stderr: "",
    exitCode: 0,
  });
  return stdout;
}

async function fail(
  sandbox: Sandbox,
  words: string[],
  stdin?: string,
): Promise<{ exitCode: number; stderr: string }> {
  const { stdout, stderr, exitCode } = await sandbox.run(
    ["state", ...words],
    stdin === undefined ? {} : { stdin },
  );
  expect({ stdout, lines: stderr.trimEnd().split("\n").length <= 2 }).toEqual({ stdout: "", lines: true });
  return { exitCode, stderr };
}

/** One of each type, and what JSON cannot say. */
async function seed(sandbox: Sandbox): Promise<void> {
  const entries: [string, ...string[]][] = [
    ["text", "v1.3.0"],
    ["count", "--json", "17"],
    ["large", "--json", "9223372036854775807"],
    ["float", "--json", "1.0", "--ttl", "400d"],
    ["table", "--json", '{"a":[1,2.5,{"$bytes":"/w=="}],"b":{"$map":[[1,true]]}}'],
    ["list", "--json", "[]"],
    ["bytes", "--json", '{"$bytes":"/w=="}'],
    ["flag", "--json", "false"],
  ];
  for (const args of entries) await ok(sandbox, ["set", ...args]);
}

const LIST = ["list", "-o", "json"];
/** The list without what a new commit changes, and without what the clock does. */
async function listOf(sandbox: Sandbox, ...store: string[]): Promise<unknown[]> {
  const entries: Record<string, unknown>[] = JSON.parse(await ok(sandbox, [...LIST, ...store]));
  return entries.map(({ revision: _, ttl, ...rest }) => ({ ...rest, expires: ttl !== null }));
}

function backupsOf(sandbox: Sandbox): string[] {
  const folder = join(sandbox.home, ".sloth-runner/backups");
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function harmAt(file: string, from: number, to: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0x55, from, to);
  writeFileSync(file, bytes);
}

describe("runner state export and import", () => {
  test("carry a store over whole, through a pipe or a file", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const wanted = await listOf(sandbox);
    const exported = await ok(sandbox, ["export"]);
    expect(exported.trimEnd().split("\n").length).toBe(8 + 2);
    for (const line of exported.trimEnd().split("\n")) JSON.parse(line);
    await ok(sandbox, ["import", "--db", "piped.db"], exported);
    expect(await listOf(sandbox, "--db", "piped.db")).toEqual(wanted);
    await ok(sandbox, ["export", "state.jsonl"]);
    expect(statSync(join(sandbox.work, "state.jsonl")).mode & 0o777).toBe(0o600);
    expect(await ok(sandbox, ["import", "state.jsonl", "--db", "filed.db"])).toStartWith("Imported 8 keys");
    expect(await listOf(sandbox, "--db", "filed.db")).toEqual(wanted);
    expect(await ok(sandbox, ["import", "state.jsonl"])).toStartWith("Imported 0 keys; 8 were there already");
  });

  test("an export that is called off leaves nothing behind", async () => {
    using sandbox = createSandbox();
    const lines = Array.from({ length: 100_000 }, (_, i) => `{"key":"k${i}","value":"${"x".repeat(100)}"}`);
    await ok(sandbox, ["import", "--unchecked", "--db", "many.db"], lines.join("\n"));
    const before = readdirSync(sandbox.work);
    const child = sandbox.spawn(["state", "export", "x.jsonl", "--db", "many.db"]);
    while (!readdirSync(sandbox.work).some((name) => name.startsWith("x.jsonl"))) await Bun.sleep(1);
    child.kill("SIGINT");
    const { exitCode } = await child.finished;
    // It may have been done before the signal came.
    expect(readdirSync(sandbox.work)).toEqual(exitCode === 130 ? before : [...before, "x.jsonl"].sort());
  });

  test("export takes a pattern, in which _ and % are ordinary", async () => {
    using sandbox = createSandbox();
    for (const key of ["a_1", "ab1", "b"]) await ok(sandbox, ["set", key, "1"]);
    const lines = (await ok(sandbox, ["export", "--pattern", "a_*"])).trimEnd().split("\n");
    expect(lines.slice(1, -1).map((line) => JSON.parse(line).key)).toEqual(["a_1"]);
  });

  test("--dry-run says what would change, masks secrets, and changes nothing", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "my:token", "hunter2"]);
    await ok(sandbox, ["set", "same", "1"]);
    await ok(sandbox, ["export", "x.jsonl"]);
    await ok(sandbox, ["set", "my:token", "changed"]);
    await ok(sandbox, ["set", "extra", "1"]);
    const before = await ok(sandbox, LIST);
    expect(await ok(sandbox, ["import", "x.jsonl", "--replace", "--dry-run"])).toBe(
      "~ my:token   •••••••• → ••••••••\n- extra   1\nWould be: 0 added, 1 changed, 1 removed; 1 equal. Nothing was changed.\n",
    );
    expect(await ok(sandbox, LIST)).toBe(before);
    expect(backupsOf(sandbox)).toEqual([]);
  });

  test("--replace asks first, leaves a backup and says where; restore brings it back", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "kept", "1"]);
    await ok(sandbox, ["export", "x.jsonl"]);
    await ok(sandbox, ["set", "lost", "2"]);
    const refused = await fail(sandbox, ["import", "x.jsonl", "--replace"]);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("--yes")]);
    const said = await ok(sandbox, ["import", "x.jsonl", "--replace", "--yes"]);
    expect(await ok(sandbox, ["keys"])).toBe("kept\n");
    const [backup = ""] = backupsOf(sandbox);
    const path = join(sandbox.home, ".sloth-runner/backups", backup);
    expect(said).toContain(path);
    await ok(sandbox, ["restore", path, "--yes", "--no-backup"]);
    expect(await ok(sandbox, ["keys"])).toBe("kept\nlost\n");
  });

  const bad: [what: string, edit: (lines: string[]) => string[], why: string][] = [
    ["broken off", (lines) => lines.slice(0, 3), "it breaks off after 2 entries"],
    [
      "broken off within a line",
      (lines) => [...lines.slice(0, 2), (lines[2] ?? "").slice(0, 20)],
      "line 3: it is not JSON",
    ],
    ["without a line", (lines) => lines.toSpliced(1, 1), "it has 2 entries, but its end says 3"],
    [
      "changed",
      (lines) => lines.map((line) => line.replace('"value":"2"', '"value":"9"')),
      "not those that were written",
    ],
    ["without a header", (lines) => lines.slice(1), "line 1: it is not the first line of an export"],
    [
      "of a newer format",
      (lines) => [(lines[0] ?? "").replace('"format":1', '"format":2'), ...lines.slice(1)],
      "Upgrade runner",
    ],
    [
      "with a bad key",
      (lines) => lines.map((line) => line.replace('"key":"b"', '"key":""')),
      'line 3: Cannot use "" as a key',
    ],
    [
      "with a bad value",
      (lines) => lines.map((line) => line.replace('"value":"2"', '"value":null')),
      "line 3: it has no value",
    ],
    [
      "with a key twice",
      (lines) => lines.map((line) => line.replace('"key":"b"', '"key":"a"')),
      '"a": it comes twice',
    ],
    [
      "with a bad time",
      (lines) => lines.map((line) => line.replace('"created_at":"2', '"created_at":"x')),
      "line 2: created_at",
    ],
    ["empty", () => [], "it is empty"],
  ];
  test.each(bad)("an import that is %s is refused whole, with exit code 5", async (_what, edit, why) => {
    using sandbox = createSandbox();
    for (const [key, value] of [
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
    ] as const) {
      await ok(sandbox, ["set", key, value, "--db", "from.db"]);
    }
    const lines = (await ok(sandbox, ["export", "--db", "from.db"])).trimEnd().split("\n");
    await ok(sandbox, ["set", "before", "1"]);
    const { exitCode, stderr } = await fail(
      sandbox,
      ["import", "--replace", "--yes"],
      edit(lines).join("\n"),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: expect.stringContaining(why) });
    expect(await ok(sandbox, ["keys"])).toBe("before\n");
  });

  test("an import takes an export that a program of Windows has given its line ends and a byte order mark", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "a", "1", "--db", "from.db"]);
    const lines = await ok(sandbox, ["export", "--db", "from.db"]);
    await ok(sandbox, ["import"], `\ufeff${lines.replaceAll("\n", "\r\n")}`);
    expect(await ok(sandbox, ["keys"])).toBe("a\n");
  });

  test("--unchecked takes lines that a person wrote", async () => {
    using sandbox = createSandbox();
    await ok(
      sandbox,
      ["import", "--unchecked"],
      '{"key":"motd","value":"hello"}\n\n{"key":"n","value":[1,{"a":2}]}\n',
    );
    expect(await ok(sandbox, ["get", "n"])).toBe('[1,{"a":2}]\n');
    const { exitCode, stderr } = await fail(
      sandbox,
      ["import", "--unchecked"],
      '{"key":"motd","value":"x"}\n{"key":"k"}\n',
    );
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining("line 2: it has no value")]);
    expect(await ok(sandbox, ["get", "motd"])).toBe("hello\n");
  });

  test("an unchecked import names the line of a key that comes twice, and the field that was meant", async () => {
    using sandbox = createSandbox();
    const twice = '{"key":"a","value":1}\n{"key":"b","value":1}\n{"key":"a","value":2}\n';
    const { stderr } = await fail(sandbox, ["import", "--unchecked"], twice);
    expect(stderr).toContain('line 3: "a" comes a second time, after line 1.');
    const misspelt = await fail(sandbox, ["import", "--unchecked"], '{"key":"a","valeu":1}\n');
    expect(misspelt.stderr).toContain('line 1: there is no field "valeu". Did you mean "value"?');
  });

  test("--dry-run in JSON has each difference, secrets as null", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "old", "1"]);
    const lines = '{"key":"my:token","value":"x"}\n{"key":"old","value":2}\n';
    const said = await ok(sandbox, ["import", "--unchecked", "--dry-run", "-o", "json"], lines);
    expect(JSON.parse(said).differences).toEqual([
      { key: "my:token", change: "added", old: null, new: null },
      { key: "old", change: "changed", old: "1", new: 2 },
    ]);
  });
});

describe("runner state import --from sloth", () => {
  test("takes over both of its schemas, by types, without locks and what has expired, and writes nothing", async () => {
    using sandbox = createSandbox();
    const path = join(sandbox.work, "sloth.db");
    const db = new Database(path);
    db.run(`CREATE TABLE state_data (key TEXT PRIMARY KEY, value TEXT NOT NULL, type TEXT NOT NULL, created_at INTEGER,
      updated_at INTEGER, expires_at INTEGER, version INTEGER DEFAULT 1)`);
    db.run("CREATE TABLE locks (name TEXT PRIMARY KEY, holder TEXT)");
    db.run("INSERT INTO locks VALUES ('deploy', 'somebody')");
    const rows: [string, string, string, number | null][] = [
      ["s", "17", "string", null],
      ["n", "17", "number", null],
      ["f", "2.5", "number", null],
      ["b", "true", "boolean", 4_000_000_000],
      ["l", "[1,2]", "list", null],
      ["t", '{"a":{"b":1}}', "table", null],
      ["gone", "x", "string", 1_000_000_000],
    ];
    for (const [key, value, type, expires] of rows) {
      db.query("INSERT INTO state_data VALUES (?, ?, ?, 1700000000, 1700000001, ?, 3)").run(
        key,
        value,
        type,
        expires,
      );
    }
    db.close();
    const before = readFileSync(path);
    const refused = await fail(sandbox, ["list", "--db", "sloth.db"]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      6,
      expect.stringContaining("state import --from sloth"),
    ]);
    expect(await ok(sandbox, ["import", "--from", "sloth", "sloth.db"])).toStartWith("Imported 6 keys");
    const list: { key: string; value: unknown; type: string; updated_at: string }[] = JSON.parse(
      await ok(sandbox, LIST),
    );
    expect(Object.fromEntries(list.map(({ key, value }) => [key, value]))).toEqual({
      s: "17",
      n: 17,
      f: 2.5,
      b: true,
      l: [1, 2],
      t: { a: { b: 1 } },
    });
    expect(list[0]?.updated_at).toBe("2023-11-14T22:13:21.000Z");
    expect(readFileSync(path).equals(before)).toBe(true);
    const other = new Database(path);
    other.run("INSERT INTO state_data VALUES ('odd', 'notnum', 'number', 1700000000, 1700000001, NULL, 1)");
    other.close();
    expect(await fail(sandbox, ["import", "--from", "sloth", "sloth.db"])).toEqual({
      exitCode: 5,
      stderr: 'Cannot import "odd": its value "notnum" is not a number, as its type says.\n',
    });
    const { stderr } = await fail(sandbox, ["import", "sloth.db"]);
    expect(stderr).toContain("--from sloth");
  });

  test("takes the older schema, and refuses what is none", async () => {
    using sandbox = createSandbox();
    const db = new Database(join(sandbox.work, "old.db"));
    db.run("CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT, created_at DATETIME, updated_at DATETIME)");
    db.run("INSERT INTO state VALUES ('k', 'v', '2024-01-02 03:04:05', '2024-01-02 03:04:06.789 +0000 UTC')");
    db.close();
    new Database(join(sandbox.work, "other.db")).run("CREATE TABLE notes (text)");
    await ok(sandbox, ["import", "--from", "sloth", "old.db"]);
    expect(JSON.parse(await ok(sandbox, LIST))).toMatchObject([
      { key: "k", value: "v", updated_at: "2024-01-02T03:04:06.789Z" },
    ]);
    const { exitCode, stderr } = await fail(sandbox, ["import", "--from", "sloth", "other.db"]);
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining('no database with a table "state_data"')]);
  });
});

describe("runner state backup and restore", () => {
  test("bring a store back as it was, in one commit above both revisions", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const wanted = await listOf(sandbox);
    await ok(sandbox, ["backup", "b.db"]);
    expect(statSync(join(sandbox.work, "b.db")).mode & 0o777).toBe(0o600);
    for (let i = 0; i < 3; i++) await ok(sandbox, ["incr", "count"]);
    await ok(sandbox, ["delete", "text", "--yes"]);
    const { revision } = JSON.parse(await ok(sandbox, ["stats", "-o", "json"]));
    await ok(sandbox, ["restore", "b.db", "--yes"]);
    expect(await listOf(sandbox)).toEqual(wanted);
    expect(JSON.parse(await ok(sandbox, ["stats", "-o", "json"])).revision).toBe(revision + 1);
    expect(backupsOf(sandbox).length).toBe(1);
    expect((await fail(sandbox, ["backup", "b.db"])).exitCode).toBe(2);
  });

  test("a backup taken while others write is one moment of the store", async () => {
    using sandbox = createSandbox();
    const source = "for i = 1, 100000 do state.set_many({ a = i, b = i }) end";
    sandbox.write("writer.lua", source);
    await ok(sandbox, ["set", "a", "--json", "0"]);
    await ok(sandbox, ["set", "b", "--json", "0"]);
    const writer = sandbox.spawn(["run", "writer.lua"]);
    for (let i = 0; i < 3; i++) {
      await ok(sandbox, ["backup", `b${i}.db`]);
      const [a, b] = await Promise.all(
        ["a", "b"].map((key) => ok(sandbox, ["get", key, "--db", `b${i}.db`])),
      );
      expect(a).toBe(b ?? "");
    }
    writer.kill("SIGKILL");
    await writer.finished;
  });

  test("a restore into nothing, or over a damaged store, installs the backup and moves the damaged one aside", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    await ok(sandbox, ["set", "text", "v1.4.0"]);
    const wanted = await listOf(sandbox);
    await ok(sandbox, ["backup", "b.db"]);
    await ok(sandbox, ["restore", "b.db", "--yes", "--db", "new.db"]);
    expect((await listOf(sandbox, "--db", "new.db")).length).toBe(8);
    const store = join(sandbox.home, ".sloth-runner/state/local.db");
    const harmed = readFileSync(store);
    harmed.fill(0x55, 4096, 12_288);
    writeFileSync(store, harmed);
    const { exitCode, stdout } = await sandbox.run(["state", "verify"]);
    expect([exitCode, stdout]).toEqual([6, expect.stringContaining("✗ ")]);
    const said = await ok(sandbox, ["restore", "b.db", "--yes"]);
    expect(said).toContain("-damaged.db");
    expect(backupsOf(sandbox).filter((name) => name.endsWith("-damaged.db")).length).toBe(1);
    expect(await listOf(sandbox)).toEqual(wanted);
    await ok(sandbox, ["verify"]);
    const before: { revision: number } = JSON.parse(
      await ok(sandbox, ["stats", "-o", "json", "--db", "b.db"]),
    );
    await ok(sandbox, ["set", "next", "1"]);
    expect(JSON.parse(await ok(sandbox, ["show", "next", "-o", "json"])).revision).toBeGreaterThan(
      before.revision,
    );
  });

  test.each([
    ["the header", (store: string) => harmAt(store, 0, 100)],
    ["the first page", (store: string) => harmAt(store, 0, 4096)],
    ["the mark of a store", (store: string) => harmAt(store, 68, 72)],
    ["all of it", (store: string) => writeFileSync(store, "")],
  ])("a restore replaces a store that lost %s, and keeps it", async (_what, harm) => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "k", "v1"]);
    await ok(sandbox, ["backup", "b.db"]);
    const store = join(sandbox.home, ".sloth-runner/state/local.db");
    harm(store);
    const harmed = readFileSync(store);
    const refused = await fail(sandbox, ["get", "k"]);
    expect(refused).toEqual({ exitCode: 6, stderr: expect.stringMatching(/restore/i) });
    for (const skip of [[], ["--no-backup"]]) {
      writeFileSync(store, harmed);
      await ok(sandbox, ["restore", "b.db", "--yes", ...skip]);
      expect(await ok(sandbox, ["get", "k"])).toBe("v1\n");
    }
    const kept = backupsOf(sandbox).filter((name) => name.endsWith(".db"));
    expect(kept.length).toBe(2);
    for (const name of kept) {
      expect(readFileSync(join(sandbox.home, ".sloth-runner/backups", name)).equals(harmed)).toBe(true);
    }
  });

  const OTHER_DISK = "/dev/shm";
  const hasOther = existsSync(OTHER_DISK) && statSync(OTHER_DISK).dev !== statSync(tmpdir()).dev;
  test.skipIf(!hasOther)("a restore keeps a damaged store of another disk in its folder", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "k", "v1"]);
    await ok(sandbox, ["backup", "b.db"]);
    const folder = mkdtempSync(join(OTHER_DISK, "runner-"));
    try {
      const store = join(folder, "other.db");
      writeFileSync(store, "broken");
      const said = await ok(sandbox, ["restore", "b.db", "--yes", "--db", store]);
      const aside = readdirSync(folder).filter((name) => name.endsWith("-damaged.db"));
      expect(aside.length).toBe(1);
      expect(said).toContain(join(folder, aside[0] ?? ""));
      expect(readFileSync(join(folder, aside[0] ?? ""), "utf8")).toBe("broken");
      expect(await ok(sandbox, ["get", "k", "--db", store])).toBe("v1\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const bad: [what: string, harm: (path: string) => void, exitCode: number, why: string][] = [
    ["cut off", (path) => truncateSync(path, 20_480), 6, "Nothing was changed"],
    ["emptied", (path) => truncateSync(path, 0), 6, "the file is empty"],
    ["no database", (path) => writeFileSync(path, "notes".repeat(1000)), 6, "not a SQLite database"],
    ["of a newer schema", (path) => new Database(path).run("PRAGMA user_version = 99"), 6, "a newer runner"],
    [
      "forged",
      (path) => new Database(path).run("UPDATE data SET value = 'forged' WHERE key = 'text'"),
      6,
      'key "text"',
    ],
  ];
  test.each(bad)(
    "a backup that is %s is refused, and the store stays as it is",
    async (_what, harm, exitCode, why) => {
      using sandbox = createSandbox();
      await seed(sandbox);
      await ok(sandbox, ["backup", "b.db"]);
      await ok(sandbox, ["set", "text", "newer"]);
      const before = await listOf(sandbox);
      harm(join(sandbox.work, "b.db"));
      const refused = await fail(sandbox, ["restore", "b.db", "--yes"]);
      expect(refused).toEqual({ exitCode, stderr: expect.stringContaining(why) });
      expect(await listOf(sandbox)).toEqual(before);
      expect(backupsOf(sandbox)).toEqual([]);
    },
  );

  test("a backup that was cut off is refused in one sentence, and verify says the same of a store", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "k", "x".repeat(20_000)]);
    await ok(sandbox, ["backup", "b.db"]);
    const whole = readFileSync(join(sandbox.work, "b.db"));
    const cut = sandbox.write("cut.db", whole.subarray(0, 9000));
    const why = `it is cut off (9,000 of ${whole.length.toLocaleString("en")} bytes are there)`;
    const { stderr, exitCode } = await fail(sandbox, ["restore", "cut.db", "--yes"]);
    expect({ stderr, exitCode }).toEqual({
      stderr: `Cannot restore "${cut}": ${why}. Nothing was changed; use another backup.\n`,
      exitCode: 6,
    });
    const { stdout } = await sandbox.run(["state", "verify", "--db", "cut.db"]);
    expect(stdout).toStartWith(`✗ the file: ${why}\n`);
    expect(stdout).toEndWith("Bring back a backup with: runner state restore FILE.\n");
  });

  test("what a signal ends while it writes a file leaves nothing half done", async () => {
    using sandbox = createSandbox();
    const lines = Array.from({ length: 10_000 }, (_, i) => `{"key":"k${i}","value":"${"x".repeat(100)}"}`);
    await ok(sandbox, ["import", "--unchecked"], lines.join("\n"));
    await ok(sandbox, ["backup", "whole.db"]);
    await ok(sandbox, ["set", "later", "1"]);
    const folders = [
      sandbox.work,
      ...["state", "backups"].map((name) => join(sandbox.home, ".sloth-runner", name)),
    ];
    const names = () => folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
    const isDraft = (name: string) => name.includes(".tmp") || name.startsWith(".restore");
    for (const args of [
      ["backup", "b.db"],
      ["restore", "whole.db", "--yes"],
      ["clear", "k1*", "--yes"],
      ["export", "o.jsonl"],
      ["compact"],
      ["migrate", "--from", "sqlite:whole.db", "--to", "sqlite:new.db"],
      ["set", "k", "v", "--db", "first.db"],
    ]) {
      const child = sandbox.spawn(["state", ...args]);
      let ended = false;
      void child.finished.then(() => (ended = true));
      while (!ended && !names().some(isDraft)) await Bun.sleep(1);
      child.kill("SIGINT");
      const { exitCode } = await child.finished;
      // It may have been done before the signal came.
      expect([0, 130]).toContain(exitCode);
      expect(names().filter(isDraft)).toEqual([]);
      const written = names().filter((name) => name === "b.db" || name === "o.jsonl");
      if (exitCode === 130) expect(written).not.toContain(args[1]);
    }
  }, 30_000);

  test("clear without anything to remove says so, asks nobody and leaves no backup", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "k", "1"]);
    for (const flags of [[], ["--yes"]]) {
      expect(await ok(sandbox, ["clear", "other:*", ...flags])).toBe("There is nothing to remove.\n");
    }
    expect(backupsOf(sandbox)).toEqual([]);
  });

  test("a backup before which nothing was lost is not kept, and pushes out no other", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "k", "1"]);
    await ok(sandbox, ["export", "x.jsonl"]);
    await ok(sandbox, ["backup", "b.db"]);
    await ok(sandbox, ["set", "lost", "1"]);
    await ok(sandbox, ["import", "x.jsonl", "--replace", "--yes"]);
    const kept = backupsOf(sandbox);
    expect(kept.length).toBe(1);
    for (const words of [
      ["import", "x.jsonl", "--replace"],
      ["restore", "b.db"],
    ]) {
      expect(await ok(sandbox, [...words, "--yes"])).not.toContain("What was there before");
    }
    await fail(sandbox, ["import", "--replace", "--yes"], '{"key":1}');
    expect(backupsOf(sandbox)).toEqual(kept);
  });

  test("automatic backups are kept up to state.backups.keep, the newest", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "k", "1"]);
    sandbox.write("home/config.yaml", "state: { backups: { keep: 2 } }");
    const env = { RUNNER_HOME: join(sandbox.work, "home") };
    for (const n of [1, 2, 3]) {
      await sandbox.run(["state", "set", "k", String(n)], { env });
      expect(await sandbox.run(["state", "clear", "--yes"], { env })).toMatchObject({ exitCode: 0 });
    }
    const kept = readdirSync(join(sandbox.work, "home/backups")).sort();
    expect(kept.length).toBe(2);
    const values = await Promise.all(
      kept.map((file) => ok(sandbox, ["get", "k", "--db", join("home/backups", file)])),
    );
    expect(values).toEqual(["2\n", "3\n"]);
  });
});

describe("runner state with no room left", () => {
  const words = [
    "backup b.db",
    "export x.jsonl",
    "compact",
    "clear --yes",
    "import big.jsonl --unchecked",
    "restore old.db --yes",
  ];
  test.if(process.platform === "linux").each(words)(
    "%s: exit 6, and the store is as it was",
    async (line) => {
      using sandbox = createSandbox();
      await ok(sandbox, ["set", "small", "1"]);
      await ok(sandbox, ["backup", "old.db"]);
      await ok(sandbox, ["set", "large", "x".repeat(100_000)]);
      sandbox.write("big.jsonl", `${JSON.stringify({ key: "big", value: "y".repeat(300_000) })}\n`);
      const before = await ok(sandbox, LIST);
      // Files of at most 80 KiB: what grows beyond fails as on a full disk.
      const child = Bun.spawn(["/bin/sh", "-c", `ulimit -f 160; exec "${sandbox.binary}" state ${line}`], {
        cwd: sandbox.work,
        env: { HOME: sandbox.home },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
      expect({ stdout, exitCode: await child.exited, stderr }).toMatchObject({ stdout: "", exitCode: 6 });
      expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
      expect(await ok(sandbox, LIST)).toBe(before);
      await ok(sandbox, ["verify"]);
    },
  );
});

describe("runner state migrate, verify and compact", () => {
  test("verify --salvage saves what is whole, and import takes it", async () => {
    using sandbox = createSandbox();
    for (const key of ["a", "b", "c"]) await ok(sandbox, ["set", key, key.repeat(3000)]);
    const raw = new Database(join(sandbox.home, ".sloth-runner/state/local.db"));
    raw.run("UPDATE data SET value = 'forged' WHERE key = 'b'");
    raw.close();
    const { exitCode, stdout } = await sandbox.run(["state", "verify", "--salvage", "saved.jsonl"]);
    expect([exitCode, stdout]).toEqual([6, expect.stringContaining('✗ key "b": what is stored there')]);
    await ok(sandbox, ["import", "saved.jsonl", "--db", "new.db"]);
    expect(await ok(sandbox, ["keys", "--db", "new.db"])).toBe("a\nc\n");
  });

  test("migrate copies, can be repeated, and refuses a store that has other keys", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const from = `sqlite:${join(sandbox.home, ".sloth-runner/state/local.db")}`;
    for (let round = 0; round < 2; round++) {
      expect(await ok(sandbox, ["migrate", "--from", from, "--to", "sqlite:new.db"])).toStartWith(
        "Migrated 8 values",
      );
    }
    expect(await listOf(sandbox, "--db", "new.db")).toEqual(await listOf(sandbox));
    await ok(sandbox, ["set", "own", "1", "--db", "new.db"]);
    const { exitCode, stderr } = await fail(sandbox, ["migrate", "--from", from, "--to", "sqlite:new.db"]);
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining("8 values there, 9 values here")]);
    expect((await fail(sandbox, ["migrate", "--from", from, "--to", "sled:x"])).exitCode).toBe(5);
    expect(
      (await fail(sandbox, ["migrate", "--from", "sqlite:none.db", "--to", "sqlite:n2.db"])).exitCode,
    ).toBe(3);
  });

  test("compact makes the file smaller, and keeps every value and a backup", async () => {
    using sandbox = createSandbox();
    for (let i = 0; i < 4; i++) await ok(sandbox, ["set", "k", String(i).repeat(100_000)]);
    const { before, after } = JSON.parse(await ok(sandbox, ["compact", "-o", "json"]));
    expect(after).toBeLessThanOrEqual(before);
    expect(await ok(sandbox, ["get", "k"])).toBe(`${"3".repeat(100_000)}\n`);
    // Nothing that anybody could ask for is gone.
    expect(backupsOf(sandbox)).toEqual([]);
    await ok(sandbox, ["set", "short", "1", "--ttl", "1ms"]);
    await ok(sandbox, ["compact"]);
    expect(backupsOf(sandbox).length).toBe(1);
  });

  test("migrate refuses the same store by another name, and a store that keeps nothing", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["set", "a", "1", "--db", "one.db"]);
    symlinkSync("one.db", join(sandbox.work, "link.db"));
    for (const to of ["sqlite:./one.db", "link.db", "memory:"]) {
      expect(await fail(sandbox, ["migrate", "--from", "sqlite:one.db", "--to", to])).toMatchObject({
        exitCode: 2,
      });
    }
  });

  test("backup of a store that does not exist says so, and writes nothing", async () => {
    using sandbox = createSandbox();
    const { exitCode, stderr } = await fail(sandbox, ["backup", "b.db", "--db", "none.db"]);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining("there is no store in")]);
    expect(await fail(sandbox, ["backup", "b.db", "--backend", "memory"])).toMatchObject({ exitCode: 3 });
    expect(readdirSync(sandbox.work)).toEqual([]);
  });

  test("verify of a store that does not exist says so, finds nothing and creates nothing", async () => {
    using sandbox = createSandbox();
    const path = join(sandbox.work, "none.db");
    expect(await ok(sandbox, ["verify", "--db", "none.db"])).toBe(
      `There is no store in ${path} yet: nothing was checked.\n`,
    );
    expect(readdirSync(sandbox.work)).toEqual([]);
    expect(JSON.parse(await ok(sandbox, ["verify", "-o", "json"]))).toEqual({
      ok: true,
      exists: false,
      entries: 0,
      records: 0,
      findings: [],
    });
    expect(readdirSync(sandbox.home)).toEqual([]);
  });
});
