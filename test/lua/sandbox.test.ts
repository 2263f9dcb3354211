import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

/** Every way of a script to the machine. */
const CALLS = [
  'exec.run("true")',
  'exec.which("sh")',
  'cmd{ command = "true" }',
  'os.execute("true")',
  'io.popen("true")',
  'fs.read("/etc/hostname")',
  'fs.write("x", "")',
  'fs.glob("/etc/*")',
  "fs.tempdir()",
  'file.copy{ content = "", dest = "x" }',
  'io.open("/etc/hostname")',
  'io.lines("/etc/hostname")',
  'io.output("x")',
  'os.remove("x")',
  'os.rename("x", "y")',
  "os.tmpname()",
  'template.render{ src = "/etc/hostname" }',
  'dofile("/etc/hostname")',
  'import("/etc/hostname")',
  'http.get("http://127.0.0.1:1/")',
  'env.get("HOME")',
  "env.all()",
  'os.getenv("HOME")',
];

describe("runner run --sandbox", () => {
  test.each(CALLS)("refuses %s and names the permission", async (call) => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(
      `local ok, err = pcall(function() return ${call} end) print(ok, err.code, err)`,
      ["--sandbox"],
    );
    expect(stdout).toMatch(
      /^false\tdenied\tCannot call .* without the permission "(exec|fs|net|env)"\. Allow it: --allow /,
    );
  });

  test("leaves the state and pure functions", async () => {
    using sandbox = createSandbox();
    const source =
      'state.set("a", 1) print(state.get("a"), json.encode({ 1 }), #crypto.uuid(), os.date("!%F", 0))';
    const { stdout, exitCode } = await sandbox.runLua(source, ["--sandbox"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "1\t[1]\t36\t1970-01-01\n", exitCode: 0 });
  });

  test("refuses tasks that are lines for the shell", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua('task{ name = "x", command = "touch made" }', [
      "--sandbox",
    ]);
    expect({ exitCode, named: stderr.includes('without the permission "exec"') }).toEqual({
      exitCode: 1,
      named: true,
    });
  });

  test("loads Lua files beside the script", async () => {
    using sandbox = createSandbox();
    sandbox.write("part.lua", "return 7");
    const { stdout } = await sandbox.runLua('print(require("part"), import("part"), dofile("part.lua"))', [
      "--sandbox",
    ]);
    expect(stdout).toBe("7\t7\t7\n");
  });
});

describe("runner run --allow", () => {
  test("opens a folder, and no link leads out of it", async () => {
    using sandbox = createSandbox();
    sandbox.write("secret", "s");
    const source = `fs.mkdir("in") fs.write("in/a", "x") fs.symlink("../secret", "in/link")
      print(fs.read("in/a"), (pcall(fs.read, "in/link")), (pcall(fs.read, "in/../secret")), (pcall(io.open, "in/link")))`;
    const { stdout } = await sandbox.runLua(source, ["--sandbox", "--allow", "fs=in"]);
    expect(stdout).toBe("x\tfalse\tfalse\tfalse\n");
  });

  test("opens a host and no other", async () => {
    using sandbox = createSandbox();
    const source = `local function code(url) local _, err = pcall(http.get, url) return err.code end
      print(code("http://127.0.0.1:1/"), code("http://127.0.0.2:1/"))`;
    const { stdout } = await sandbox.runLua(source, ["--sandbox", "--allow", "net=127.0.0.1"]);
    expect(stdout).toBe("unavailable\tdenied\n");
  });

  test("refuses a permission that there is not, and itself without --sandbox", async () => {
    using sandbox = createSandbox();
    for (const args of [
      ["--sandbox", "--allow", "nett"],
      ["--allow", "exec"],
    ]) {
      const { stderr, exitCode } = await sandbox.runLua("print(1)", args);
      expect({ exitCode, refused: stderr.startsWith('Cannot use "--allow') }).toEqual({
        exitCode: 2,
        refused: true,
      });
    }
  });
});
