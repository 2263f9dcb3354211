import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { verifyFile } from "../../src/backends/sqlite/verify.ts";
import type { Store } from "../../src/state/store.ts";
import { createSandbox } from "../helpers/binary.ts";
import { checkIntegrity, SqliteFolder } from "./sqlite-folder.ts";

/** The length of the log after each of so many commits. */
async function lengths(files: SqliteFolder, store: Store, commits: number, value = ""): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < commits; i++) {
    await store.set("k", `${value}${i}`);
    seen.push(statSync(`${files.path}-wal`).size);
  }
  return seen;
}

/** How often a number was followed by a larger one. */
function growths(seen: readonly number[]): number {
  return seen.filter((size, place) => size > (seen[place - 1] ?? 0)).length;
}

describe("the log of a store", () => {
  test("is seldom made longer by a process with many durable commits", async () => {
    await using files = new SqliteFolder();
    const seen = await lengths(files, files.openStore({ durability: "full" }), 200);
    expect(growths(seen.slice(0, 16))).toBe(16);
    expect(growths(seen.slice(16))).toBeLessThan(20);
  });

  test("is longer than it has to be by half a mebibyte at most, and by no more than it was", async () => {
    await using files = new SqliteFolder();
    const seen = await lengths(files, files.openStore({ durability: "full" }), 200);
    await using plain = new SqliteFolder();
    const needed = await lengths(plain, plain.openStore(), 200);
    for (const [place, size] of seen.entries()) {
      const least = needed[place] ?? 0;
      // What SQLite writes of a value of so many bytes is a little more: the pages that lead to it.
      expect(size).toBeLessThanOrEqual(least + Math.min(512 * 1024, least) + 64 * 1024);
    }
  });

  test("grows with each commit where none waits for the disk", async () => {
    await using files = new SqliteFolder();
    expect(growths(await lengths(files, files.openStore(), 100))).toBe(100);
  });

  test("is not longer than its limit by the room in it", async () => {
    await using files = new SqliteFolder();
    const large = "x".repeat(40_000);
    const seen = await lengths(files, files.openStore({ durability: "full" }), 150, large);
    await using plain = new SqliteFolder();
    const needed = await lengths(plain, plain.openStore(), 150, large);
    expect(growths(needed)).toBeLessThan(150);
    expect(Math.max(...seen)).toBe(Math.max(...needed));
  });

  test("has nothing but what was committed for a process that finds it after a crash", async () => {
    await using files = new SqliteFolder();
    await using crashed = new SqliteFolder();
    const store = files.openStore({ durability: "full" });
    await crashed.openStore().set("first", 1);
    for (let i = 1; i <= 150; i++) {
      await store.increment("n");
      if (i % 10 !== 0) continue;
      const copy = `${crashed.path}.${i}`;
      for (const suffix of ["", "-wal"]) copyFileSync(files.path + suffix, copy + suffix);
      using db = new Database(copy, { readwrite: true, create: false });
      expect(db.query("SELECT value FROM data").values()).toEqual([[i]]);
      expect(db.query("SELECT count(*) FROM once").values()).toEqual([[0]]);
      db.close();
      checkIntegrity(copy);
    }
  });

  test("keeps what several write, with a reader of the past and checkpoints in between", async () => {
    await using files = new SqliteFolder();
    const stores = Array.from({ length: 4 }, () => files.openStore({ durability: "full" }));
    const [first] = stores;
    await first?.set("n", 0);
    using reader = files.raw();
    reader.run("BEGIN");
    expect(reader.query("SELECT value FROM data").values()).toEqual([[0]]);
    using other = files.raw();
    for (let i = 0; i < 100; i++) {
      for (const store of stores) await store.increment("n");
      if (i % 15 === 0) other.run("PRAGMA wal_checkpoint(PASSIVE)");
      if (i === 60) reader.run("COMMIT");
      if (i % 25 === 0 && i > 60) other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    expect(await first?.get("n")).toBe(400);
    for (const store of stores) await store.close();
    expect((await verifyFile(files.path)).findings).toEqual([]);
  });

  test.if(process.platform === "linux")(
    "costs no commit for which there is space on the disk, when there is none for more",
    async () => {
      using sandbox = createSandbox();
      sandbox.write(
        "script.lua",
        `
local ok = true
for i = 1, 400 do
  ok = pcall(state.increment, "n")
  if not ok then break end
  acknowledged = i
end
print(acknowledged, ok)`,
      );
      // In blocks of 512 bytes.
      const limit = 1400;
      const run = async (durability: string, home: string) => {
        const child = Bun.spawn(
          ["/bin/sh", "-c", `ulimit -f ${limit}; exec "${sandbox.binary}" run script.lua`],
          {
            cwd: sandbox.work,
            env: { HOME: home, RUNNER_HOME: home, RUNNER_STATE_DURABILITY: durability },
            stdin: "ignore",
            stdout: "pipe",
            stderr: "pipe",
          },
        );
        const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
        return { stdout, stderr, exitCode: await child.exited };
      };
      const normal = await run("normal", join(sandbox.home, "normal"));
      expect(normal).toMatchObject({ stdout: expect.stringMatching(/^\d+\tfalse\n$/), exitCode: 0 });
      expect(await run("full", join(sandbox.home, "full"))).toEqual(normal);
    },
  );
});
