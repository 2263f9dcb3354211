import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { SqliteFolder } from "./sqlite-folder.ts";

/** The locks that this process has on files, as the kernel lists them (proc_locks(5)). */
function locksOfThisProcess(): string[] {
  const lines = readFileSync("/proc/locks", "utf8").split("\n");
  return lines.map((line) => line.replace(/^\d+: /, "")).filter((line) => line.includes(` ${process.pid} `));
}

test.if(process.platform === "linux")(
  "a store that its process opens again keeps the locks by which others know that it is in use",
  async () => {
    await using files = new SqliteFolder();
    await files.openStore().set("k", 1);
    const before = locksOfThisProcess();
    expect(before.length).toBeGreaterThan(1);
    expect(await files.openStore({ again: true }).get("k")).toBe(1);
    expect(locksOfThisProcess()).toEqual(before);
  },
);
