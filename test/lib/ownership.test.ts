import { expect, test } from "bun:test";
import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { checkFoundFile } from "../../src/lib/ownership.ts";
import { createFolder } from "../helpers/folder.ts";

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** A folder with a file of `owner` in it and a folder of `below` below that. */
function arrange(owner: number, below: number) {
  const folder = createFolder();
  const file = folder.write("runner.lua", "");
  const inner = join(folder.path, "inner");
  mkdirSync(inner);
  chownSync(file, owner, owner);
  chownSync(inner, below, below);
  return { folder, file, inner };
}

// Only root can give files away; elsewhere there is nobody else's file to find.
test.skipIf(!isRoot)("checkFoundFile() refuses what somebody else left above the folder", () => {
  const { folder, file, inner } = arrange(NOBODY, 0);
  using _ = folder;
  expect(() => checkFoundFile(file, inner, "Advice.")).toThrow("belongs to another user. Advice.");
});

test.skipIf(!isRoot)("checkFoundFile() lets pass what is in the folder, its owner's, or one's own", () => {
  const others = arrange(NOBODY, NOBODY);
  using _ = others.folder;
  checkFoundFile(others.file, others.inner, "");
  checkFoundFile(others.file, others.folder.path, "");
  const own = arrange(0, NOBODY);
  using __ = own.folder;
  checkFoundFile(own.file, own.inner, "");
});
