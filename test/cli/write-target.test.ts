import { describe, expect, test } from "bun:test";
import { lstatSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

/** What writes a file under a name, each as Lua or as arguments. */
const WRITERS: readonly [
  what: string,
  write: (sandbox: Sandbox, name: string) => Promise<{ stderr: string }>,
][] = [
  ["state export", (sandbox, name) => sandbox.run(["state", "export", name])],
  ["fs.write", (sandbox, name) => sandbox.runLua(`fs.write("${name}", "new", { atomic = true })`)],
  ["fs.copy", (sandbox, name) => sandbox.runLua(`fs.copy("script.lua", "${name}")`)],
  ["file.copy", (sandbox, name) => sandbox.runLua(`file.copy({ src = "script.lua", dest = "${name}" })`)],
];

describe("what writes a file", () => {
  test.each(WRITERS)("writes to the target of a link: %s", async (_, write) => {
    using sandbox = createSandbox();
    const target = sandbox.write("target", "old");
    symlinkSync("target", join(sandbox.work, "link"));
    expect((await write(sandbox, "link")).stderr).not.toContain("Cannot");
    expect(lstatSync(join(sandbox.work, "link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).not.toBe("old");
  });

  test.each(WRITERS.slice(0, 3))("writes into a pipe and leaves it one: %s", async (_, write) => {
    using sandbox = createSandbox();
    const pipe = join(sandbox.work, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    const reader = Bun.spawn(["cat", pipe], { stdout: "pipe" });
    expect((await write(sandbox, "pipe")).stderr).not.toContain("Cannot");
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(await reader.stdout.text()).not.toBe("");
  });

  test("file.copy refuses a pipe, which can never be as described", async () => {
    using sandbox = createSandbox();
    Bun.spawnSync(["mkfifo", join(sandbox.work, "pipe")]);
    const { stderr } = await sandbox.runLua('file.copy({ src = "script.lua", dest = "pipe" })');
    expect(stderr).toContain("a device or a pipe is there");
    expect(lstatSync(join(sandbox.work, "pipe")).isFIFO()).toBe(true);
  });
});
