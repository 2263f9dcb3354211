import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { selectEntries } from "../../src/cli/state/select.ts";
import type { ShownEntry } from "../../src/state/show.ts";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

/** A store as a small deployment leaves it. */
async function seed(sandbox: Sandbox): Promise<void> {
  const entries: [string, ...string[]][] = [
    ["deploy:version", "v1.3.0"],
    ["deploy:count", "--json", "17"],
    ["deploy:history", "--json", '[{"version":"v1.2.0"},{"version":"v1.3.0"}]'],
    ["deploy:token", "hunter2", "--ttl", "400d"],
    ["other", "--json", '{"$bytes":"/w=="}'],
  ];
  for (const args of entries) await sandbox.run(["state", "set", ...args]);
}

describe("runner state list", () => {
  test("is an aligned table with types, masked secrets, expiry and age", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const { stdout, stderr } = await sandbox.run(["state", "list"]);
    expect(stderr).toBe("");
    // How long ago, and how many seconds are left, depends on the clock.
    const steady = stdout
      .replace(/(just now|\d+ s ago|\d+ min ago)$/gm, "AGO")
      .replace("in 399 d", "in 400 d");
    expect(steady.split("\n")).toEqual([
      "KEY              TYPE     VALUE                                EXPIRES    CHANGED",
      "deploy:count     number   17                                   –          AGO",
      'deploy:history   list     2 items, last {"version":"v1.3.0"}   –          AGO',
      "deploy:token     string   ••••••••                             in 400 d   AGO",
      "deploy:version   string   v1.3.0                               –          AGO",
      "other            bytes    1 byte: ff                           –          AGO",
      "",
    ]);
    expect(stdout).not.toContain("hunter2");
    expect(stdout).not.toContain("\u001b");
  });

  test("takes a literal prefix", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    await sandbox.run(["state", "set", "de*", "star"]);
    const keysOf = async (prefix: string) => {
      const { stdout } = await sandbox.run(["state", "list", prefix, "-o", "json"]);
      return JSON.parse(stdout).map(({ key }: { key: string }) => key);
    };
    expect(await keysOf("deploy:c")).toEqual(["deploy:count"]);
    expect(await keysOf("de*")).toEqual(["de*"]);
    expect(await keysOf("nothing")).toEqual([]);
    expect(await sandbox.run(["state", "list", "nothing"])).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("gives entries of one shape as JSON, secrets as null", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const { stdout } = await sandbox.run(["state", "list", "-o", "json"]);
    const entries = JSON.parse(stdout);
    for (const entry of entries) {
      expect(Object.keys(entry)).toEqual(["key", "value", "type", "revision", "ttl", "updated_at"]);
      expect(new Date(entry.updated_at).toISOString()).toBe(entry.updated_at);
    }
    expect(entries.map(({ value }: { value: unknown }) => value)).toEqual([
      17,
      [{ version: "v1.2.0" }, { version: "v1.3.0" }],
      null,
      "v1.3.0",
      { $bytes: "/w==" },
    ]);
    expect(entries[0]).toMatchObject({ type: "number", revision: 2, ttl: null });
    const shown = await sandbox.run(["state", "show", "deploy:token", "-o", "json"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      ...entries[2],
      value: "hunter2",
      ttl: expect.any(Number),
    });
  });

  test("masks by the patterns of the config", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    sandbox.write("runner.yaml", 'secrets: { patterns: ["*VERSION"] }');
    const { stdout } = await sandbox.run(["state", "list"]);
    expect(stdout).toContain("hunter2");
    expect(stdout).toMatch(/deploy:version +string +••••••••/);
  });

  test("cuts values, and nothing else, to the width", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "a:rather:long:key:that:stays:whole", "日本語".repeat(100)]);
    await sandbox.run(["state", "set", "k", "x".repeat(500)]);
    const { stdout } = await sandbox.run(["state", "list"], { env: { COLUMNS: "90" } });
    for (const line of stdout.trimEnd().split("\n")) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(90);
    expect(stdout).toContain("a:rather:long:key:that:stays:whole ");
    expect(stdout).toContain("x…");
    const whole = await sandbox.run(["state", "list"]);
    expect(whole.stdout).toContain("x".repeat(500));
  });

  test("lets no value move the cursor", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "a\nb", "red \u001b[31m\nline"]);
    const { stdout } = await sandbox.run(["state", "list"]);
    expect(stdout).toContain("a\\nb");
    expect(stdout).toContain("red \\u001b[31m\\nline");
    expect((await sandbox.run(["state", "keys"])).stdout).toBe("a\\nb\n");
    expect(JSON.parse((await sandbox.run(["state", "keys", "-o", "json"])).stdout)).toEqual(["a\nb"]);
  });
});

test("runner state list names what is damaged, lists the rest, and ends with exit code 6", async () => {
  using sandbox = createSandbox();
  for (const key of ["a", "b", "c"]) await sandbox.run(["state", "set", key, `value of ${key}`]);
  const db = new Database(join(sandbox.home, ".sloth-runner/state/local.db"));
  db.run("UPDATE data SET value = 'another' WHERE key = 'b'");
  db.close();
  const { stdout, stderr, exitCode } = await sandbox.run(["state", "list", "-o", "json"]);
  expect(JSON.parse(stdout).map(({ key }: { key: string }) => key)).toEqual(["a", "c"]);
  expect(stderr).toStartWith('Cannot read "b": what is stored there is not what was written. Left out.\n');
  expect(exitCode).toBe(6);
  const first = await sandbox.run(["state", "list", "--limit", "2"]);
  expect(first.stdout).toContain("value of c");
});

test("runner state keys gives pages with --limit and --after", async () => {
  using sandbox = createSandbox();
  for (const key of ["a:1", "a:2", "a:3", "b"]) await sandbox.run(["state", "set", key, "1"]);
  const first = await sandbox.run(["state", "keys", "a:*", "--limit", "2"]);
  expect(first).toMatchObject({ stdout: "a:1\na:2\n", stderr: 'More: --after "a:2"\n', exitCode: 0 });
  const rest = await sandbox.run(["state", "keys", "a:*", "--limit", "2", "--after", "a:2", "-o", "json"]);
  expect(rest).toMatchObject({ stdout: '["a:3"]\n', stderr: "", exitCode: 0 });
  expect((await sandbox.run(["state", "keys", "--limit", "0"])).exitCode).toBe(2);
});

test("runner state show prints one entry with all that is known", async () => {
  using sandbox = createSandbox();
  await seed(sandbox);
  const { stdout } = await sandbox.run(["state", "show", "deploy:token"]);
  const names = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0]);
  expect(names).toEqual(["key", "type", "value", "revision", "expires", "created", "changed"]);
  expect(stdout).toMatch(/^value +hunter2$/m);
});

describe("selectEntries()", () => {
  const COUNT = 300_000;

  async function* pages(): AsyncGenerator<ShownEntry[]> {
    for (let from = 0; from < COUNT; from += 1000) {
      yield Array.from({ length: 1000 }, (_, i) => {
        const updatedAt = Math.floor((from + i) / 2);
        return { key: `k${from + i}`, value: 1, type: "number", revision: 1, createdAt: 0, updatedAt };
      });
    }
  }

  test("sorts any number of entries, those of one rank in the order of their keys", async () => {
    const all = await selectEntries(pages(), { type: undefined, sort: "changed", limit: undefined });
    expect([all.entries.length, all.more]).toEqual([COUNT, false]);
    for (const limit of [1, 3, 20_000]) {
      const { entries, more } = await selectEntries(pages(), { type: undefined, sort: "changed", limit });
      expect(more).toBe(true);
      expect(entries).toEqual(all.entries.slice(0, limit));
    }
    expect(all.entries.slice(0, 3).map(({ key }) => key)).toEqual(["k299998", "k299999", "k299996"]);
  });
});

describe("runner state stats", () => {
  test("counts keys by type, in text and in JSON", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const { stdout } = await sandbox.run(["state", "stats"]);
    expect(stdout).toStartWith("~/.sloth-runner/state/local.db · sqlite · durability full · revision 5\n\n");
    expect(stdout).toMatch(/^keys +5 {3}string 2/m);
    const json = JSON.parse((await sandbox.run(["state", "stats", "-o", "json"])).stdout);
    expect(json).toMatchObject({
      total_keys: 5,
      expired_keys: 0,
      active_locks: 0,
      backend: "sqlite",
      revision: 5,
      keys_by_type: { string: 2, number: 1, list: 1, bytes: 1 },
    });
    expect(json.db_path).toBe(`${sandbox.home}/.sloth-runner/state/local.db`);
    expect(json.db_size_bytes).toBeGreaterThan(0);
  });

  test("finds a store that does not exist empty, and creates nothing", async () => {
    using sandbox = createSandbox();
    for (const args of [["stats"], ["list"], ["keys"], ["stats", "-o", "json"], ["delete", "k"]]) {
      expect(await sandbox.run(["state", ...args])).toMatchObject({ exitCode: 0 });
    }
    expect([...new Bun.Glob("**").scanSync({ cwd: sandbox.home, dot: true, onlyFiles: false })]).toEqual([]);
  });
});
