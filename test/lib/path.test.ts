import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { dirname, exists, join, resolve } from "../../src/lib/path.ts";
import { createFolder } from "../helpers/folder.ts";

const anyPath = fc
  .array(fc.constantFrom("/", "a", ".", "..", "b.c", "//", "~", "é"), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(""));

test("join(), resolve() and dirname() say what node:path says", () => {
  fc.assert(
    fc.property(anyPath, anyPath, (folder, name) => {
      expect(join(folder, name)).toBe(path.join(folder, name));
      expect(resolve(folder)).toBe(path.resolve(folder));
      expect(dirname(folder)).toBe(path.dirname(folder));
    }),
    { numRuns: 2000 },
  );
});

test("exists() tells files, empty ones and folders from what is not there", () => {
  using folder = createFolder();
  const empty = folder.write("empty", "");
  chmodSync(empty, 0);
  expect([folder.path, empty].map(exists)).toEqual([true, true]);
  expect([`${folder.path}/none`, `${empty}/below`].map(exists)).toEqual([false, false]);
});
