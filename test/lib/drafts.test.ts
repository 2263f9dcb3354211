import { describe, expect, test } from "bun:test";
import { chownSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { draftBeside, removeDraft } from "../../src/lib/drafts.ts";
import { createFolder } from "../helpers/folder.ts";

/** Makes two drafts beside its argument where the system says nothing of processes, as others than Linux; prints the first. */
const WITHOUT_PROC = `
  const fs = require("node:fs");
  const { readFileSync } = fs;
  fs.readFileSync = (path, ...rest) => readFileSync(String(path).replace(/^\\/proc\\//, "/nowhere/"), ...rest);
  const { draftBeside } = await import("${new URL("../../src/lib/drafts.ts", import.meta.url).pathname}");
  const path = process.argv.at(-1);
  const first = draftBeside(path);
  fs.writeFileSync(first, "");
  draftBeside(path);
  console.log(first);`;

describe("draftBeside()", () => {
  test("never gives a name twice, and leaves what this process writes", () => {
    using folder = createFolder();
    const path = join(folder.path, "store.db");
    const first = draftBeside(path);
    writeFileSync(first, "");
    expect(draftBeside(path)).not.toBe(first);
    expect(existsSync(first)).toBe(true);
    removeDraft(first);
    expect(existsSync(first)).toBe(false);
  });

  test.if(process.platform === "linux")("removes what an ended process of this user has left", () => {
    using folder = createFolder();
    const path = join(folder.path, "store.db");
    const left = draftBeside(path).replace(/-\d+-\d+\.tmp$/, "-1-1.tmp");
    writeFileSync(left, "");
    // Only root can make a file another's.
    if (process.getuid?.() === 0) {
      chownSync(left, 65_534, 65_534);
      draftBeside(path);
      expect(existsSync(left)).toBe(true);
      chownSync(left, 0, 0);
    }
    draftBeside(path);
    expect(existsSync(left)).toBe(false);
  });

  test("leaves what this process writes where no start of a process is known", () => {
    using folder = createFolder();
    const { stdout } = Bun.spawnSync([process.execPath, "-e", WITHOUT_PROC, join(folder.path, "store.db")]);
    const first = stdout.toString().trim();
    expect(first).toMatch(/-0-1\.tmp$/);
    expect(existsSync(first)).toBe(true);
  });
});
