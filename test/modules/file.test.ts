import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bindModule } from "../../src/modules/bind.ts";
import { createFileModule } from "../../src/modules/file/module.ts";
import { UNLIMITED } from "../../src/modules/permits.ts";
import { NO_SECRETS } from "../../src/modules/secrets.ts";
import { createSandbox } from "../helpers/binary.ts";
import { createFolder } from "../helpers/folder.ts";

test("in a dry run the functions of file say what they would change, and touch nothing", () => {
  using folder = createFolder();
  folder.write("there", "old\n");
  folder.write("dir/inner", "");
  const current = () => ({ cwd: folder.path, dryRun: true });
  const { functions } = bindModule(
    createFileModule({ current, permits: UNLIMITED, secrets: NO_SECRETS }),
    UNLIMITED,
  );
  const call = (name: string, options: Record<string, string>) => functions[name]?.(options);
  const would = (path: string, diff: string) => ({
    changed: true,
    path: join(folder.path, path),
    diff,
    drift: false,
  });
  expect(call("copy", { content: "new\n", dest: "there", mode: "0600" })).toMatchObject({ changed: true });
  expect(call("copy", { content: "a\n", dest: "made" })).toEqual(
    would("made", "--- made\n+++ made\n@@ -0,0 +1,1 @@\n+a"),
  );
  expect(call("template", { text: "a\n", dest: "made" })).toMatchObject({ changed: true });
  expect(call("line", { path: "there", line: "more" })).toEqual(
    would("there", "--- there\n+++ there\n@@ -1,1 +1,2 @@\n old\n+more"),
  );
  expect(call("block", { path: "there", block: "b" })).toMatchObject({ changed: true });
  expect(call("directory", { path: "new/folder", mode: "0700" })).toEqual(
    would("new/folder", "folder new/folder: made"),
  );
  expect(call("remove", { path: "dir" })).toEqual(would("dir", "dir: removed"));
  expect(call("copy", { content: "old\n", dest: "there" })).toMatchObject({ changed: false, diff: "" });
  expect(readFileSync(join(folder.path, "there"), "utf8")).toBe("old\n");
  expect(["made", "new", "dir/inner"].map((path) => existsSync(join(folder.path, path)))).toEqual([
    false,
    false,
    true,
  ]);
});

test("file.line() and file.block() lose nothing of what several processes add at once", async () => {
  using sandbox = createSandbox();
  const names = ["a", "b", "c", "d"];
  const add = (name: string) => `for i = 1, 25 do
    file.line{ path = "shared", line = "${name}" .. i }
    file.block{ path = "shared", block = "${name}" .. i, marker = "${name}" .. i .. " {mark}" }
  end`;
  await Promise.all(
    names.map((name) => {
      sandbox.write(`${name}.lua`, add(name));
      return sandbox.run(["run", `${name}.lua`]);
    }),
  );
  const lines = readFileSync(join(sandbox.work, "shared"), "utf8").trimEnd().split("\n");
  expect(lines.length).toBe(names.length * 25 * 4);
});
