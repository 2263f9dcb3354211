import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
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

  test("saves no answer where a link has led that was moved while it was waited for", async () => {
    using sandbox = createSandbox();
    const link = join(sandbox.work, "ok/t");
    const isMoved = () => lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    using server = Bun.serve({
      port: 0,
      async fetch() {
        await Bun.write(join(sandbox.work, "ok/asked"), "");
        while (!isMoved()) await Bun.sleep(2);
        return new Response("out");
      },
    });
    const source = `
fs.mkdir("ok/t") fs.mkdir("ok/a/b", { parents = true }) fs.symlink("../..", "ok/a/b/l")
local got = async.spawn(http.get, "http://127.0.0.1:${server.port}/", { save_as = "ok/t/leaked" })
while not fs.exists("ok/asked") do time.sleep(0.002) end
fs.remove("ok/t") fs.move("ok/a/b/l", "ok/t")
print(select(2, pcall(got.await, got)).code)`;
    mkdirSync(join(sandbox.work, "ok"));
    const args = ["--sandbox", "--allow", `fs=ok,net=127.0.0.1`];
    const { stdout, stderr } = await sandbox.runLua(source, args);
    expect({ stdout, stderr }).toEqual({ stdout: "denied\n", stderr: "" });
    expect(existsSync(join(sandbox.work, "../leaked"))).toBe(false);
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

  test("refuses a permission for an empty part", async () => {
    using sandbox = createSandbox();
    for (const grant of ["fs=", "net=", "exec=", "env= ", "plugins="]) {
      const { stderr, exitCode } = await sandbox.runLua("", ["--sandbox", "--allow", grant]);
      expect({ stderr, exitCode }).toMatchObject({
        stderr: expect.stringContaining('nothing stands after the "="'),
        exitCode: 2,
      });
    }
  });

  test("does not make a file for io.tmpfile() without the permission", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua("print(select(2, pcall(io.tmpfile)).code)", ["--sandbox"]);
    expect(stdout).toBe("denied\n");
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

/** Ways out of the folder `in`, in which the script may do everything; `in/link` leads to `out`, `in/file` to a file there. */
const WAYS_OUT = [
  'fs.read("in/file")',
  'fs.read("in/link/secret")',
  'fs.read("in/../out/secret")',
  'fs.write("in/link/new", "x")',
  'fs.write("in/dangling", "x")',
  'fs.append("in/dangling", "x")',
  'fs.write("in/circle", "x")',
  'fs.list("in/link")',
  'fs.glob("link/*", { cwd = "in" })',
  'fs.glob("../out/*", { cwd = "in" })',
  'fs.glob("*/../../out/*", { cwd = "in" })',
  'fs.glob("*/../../out/nothing", { cwd = "in" })',
  'fs.glob("*/link/*", { cwd = "in" })',
  'fs.glob("*/link/nothing", { cwd = "in" })',
  'fs.glob("*")',
  'fs.symlink("/etc", "in/new")',
  'fs.symlink("../out/secret", "in/new")',
  'fs.copy("in/file", "in/copy")',
  'fs.copy("in/mine", "in/link/copy")',
  'fs.copy("in/mine", "in/dangling")',
  'fs.move("in/mine", "in/link/moved")',
  'fs.move("out/secret", "in/moved")',
  'fs.remove("in/link/secret")',
  'fs.chmod("in/file", "0600")',
  'fs.hash("in/file")',
  'fs.stat("in/link/secret")',
  'fs.exists("/etc/passwd")',
  "fs.tempdir()",
  'file.copy{ src = "in/file", dest = "in/copy" }',
  'file.copy{ content = "x", dest = "in/dangling" }',
  'file.directory{ dest = "in/link/folder" }',
  'file.line{ dest = "in/file", line = "x" }',
  'template.render{ src = "in/file", vars = {} }',
  'io.open("in/file")',
  'io.open("in/dangling", "w")',
  'io.lines("in/link/secret")',
  'io.output("in/dangling")',
  'io.open("/proc/self/environ")',
  'os.remove("in/link/secret")',
  'os.rename("in/mine", "in/link/mine")',
  'os.rename("out/secret", "in/mine")',
  "os.tmpname()",
  'dofile("/etc/passwd")',
  'loadfile("/etc/passwd")',
  'import("/etc/passwd")',
  '(function() package.path = "/etc/?" return require("passwd") end)()',
  '(function() package.path = "/etc/?" return require("no-such-file") end)()',
];

describe("runner run --allow", () => {
  test("fs=FOLDER leaves no way out of the folder", async () => {
    using sandbox = createSandbox();
    sandbox.write("out/secret", "s");
    sandbox.write("in/mine", "m");
    mkdirSync(join(sandbox.work, "in/sub"));
    for (const [link, target] of [
      ["link", "../out"],
      ["file", "../out/secret"],
      ["dangling", "../out/made"],
      ["circle", "../in/circle2"],
      ["circle2", "/in/../circle3"],
      ["sub/link", "../../out"],
    ] as const) {
      symlinkSync(target, join(sandbox.work, "in", link));
    }
    const tries = WAYS_OUT.map(
      (call) => `local ok, err = pcall(function() return ${call} end)
        print(not ok and type(err) == "table" and err.code == "denied" and "denied" or [==[${call}]==])`,
    );
    const { stdout } = await sandbox.runLua(`do ${tries.join(" end do ")} end`, [
      "--sandbox",
      "--allow",
      "fs=in",
    ]);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .filter((line) => line !== "denied"),
    ).toEqual([]);
    expect(readdirSync(join(sandbox.work, "out"))).toEqual(["secret"]);
    expect(readdirSync(join(sandbox.work, "in")).sort()).toEqual([
      "circle",
      "circle2",
      "dangling",
      "file",
      "link",
      "mine",
      "sub",
    ]);
  });

  test.each(["loadfile", "dofile"])("names %s when it refuses its file", async (name) => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(`print(pcall(${name}, "/etc/hostname"))`, [
      "--sandbox",
      "--allow",
      "fs=in",
    ]);
    expect(stdout).toContain(name);
  });

  test("fs=FOLDER is no way for artifacts to be copied from elsewhere, nor to there", async () => {
    using sandbox = createSandbox();
    sandbox.write("out/secret", "s");
    mkdirSync(join(sandbox.work, "in"));
    const tasks = (artifacts: string, workdir: string) => `
      task{ name = "a", artifacts = "${artifacts}", run = function() end }
      task{ name = "b", depends_on = "a", consumes = "${artifacts}", workdir = "${workdir}", run = function() print("ran") end }`;
    sandbox.write("in/made", "m");
    for (const [source, refused] of [
      [tasks("out/*", "in"), 'Cannot call the files of task "a"'],
      [tasks("in/made", "out"), 'Cannot call the artifacts of task "b"'],
    ] as const) {
      const { stdout, stderr, exitCode } = await sandbox.runLua(source, ["--sandbox", "--allow", "fs=in"]);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
      expect(stderr).toContain(refused);
    }
  });

  test("fs=FOLDER leaves tasks no files elsewhere as their sources, nor as what they make", async () => {
    using sandbox = createSandbox();
    sandbox.write("out/secret", "s");
    sandbox.write("in/own", "x");
    symlinkSync("../out/secret", join(sandbox.work, "in/link"));
    const tasks = (
      name: string,
    ) => `for i, files in ipairs{ "/etc/*", "out/secret", "in/link", "in/*/../../out/*" } do
        task{ name = "${name}" .. i, ${name} = files, run = function() print("ran") end }
      end
      task{ name = "own", ${name} = "in/o*", run = function() print("own") end }`;
    for (const name of ["sources", "generates", "artifacts"]) {
      const args = ["--keep-going", "--sandbox", "--allow", "fs=in"];
      const { stdout, stderr, exitCode } = await sandbox.runLua(tasks(name), args);
      expect({ stdout, exitCode }).toEqual({ stdout: "own\n", exitCode: 1 });
      expect(stderr.match(/Cannot call the files of task/g)?.length).toBeGreaterThanOrEqual(4);
    }
    const { stderr } = await sandbox.runLua(tasks("sources"), ["--dry-run", "--sandbox", "--allow", "fs=in"]);
    expect(stderr).toContain('Cannot call the files of task "sources1"');
  });

  test("net=HOST does not follow a redirect to another host", async () => {
    using sandbox = createSandbox();
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, { port }) =>
        new URL(request.url).pathname === "/away"
          ? Response.redirect(`http://127.0.0.2:${port}/`)
          : new Response("here"),
    });
    const url = `http://127.0.0.1:${server.port}`;
    const source = `print(http.get("${url}/").body, pcall(http.get, "${url}/away"))`;
    const { stdout } = await sandbox.runLua(source, ["--sandbox", "--allow", "net=127.0.0.1"]);
    expect(stdout).toStartWith("here\tfalse\tCannot ");
    expect(stdout).toContain('the permission "net"');
  });

  test("exec=PROGRAM allows that program, and no other by its name", async () => {
    using sandbox = createSandbox();
    const evil = sandbox.write("in/echo", "#!/bin/sh\n/bin/echo evil");
    chmodSync(evil, 0o755);
    const source = `
      local function try(...) local ok, r = pcall(exec.run, ...) print(ok and r.stdout or r.code) end
      try({ "echo", "hi" })
      try({ "echo", "hi" }, { cwd = "in" })
      try({ "echo", "hi" }, { env = { PATH = "${join(sandbox.work, "in")}" } })
      try({ "echo", "hi" }, { env = { LD_PRELOAD = "in/echo" } })
      try({ "./in/echo" }) try({ "in/echo" }) try({ "sh", "-c", "echo hi" }) try("echo hi")
      try({ "./echo" }, { cwd = "in" })
      task{ name = "path", env = { PATH = "${join(sandbox.work, "in")}" }, run = function() try({ "echo", "hi" }) end }
      task{ name = "preload", env = { LD_PRELOAD = "in/echo" }, run = function() try({ "echo", "hi" }) end }
      task{ name = "other", env = { OTHER = "x" }, run = function() try({ "echo", "hi" }) end }
      print(pcall(os.execute, "echo hi")) print(pcall(io.popen, "echo hi"))`;
    const env = { PATH: process.env.PATH ?? "" };
    const { stdout } = await sandbox.runLua(source, ["--sandbox", "--allow", "exec=echo"], { env });
    const lines = stdout.replaceAll("hi\n\n", "hi\n").trimEnd().split("\n");
    expect(lines.slice(0, 9)).toEqual(["hi", "hi", ...Array<string>(7).fill("denied")]);
    expect(lines.slice(9, 11).every((line) => line.startsWith("false\tCannot call "))).toBe(true);
    expect(lines.slice(11)).toEqual(["denied", "denied", "hi"]);
    const told = await sandbox.runLua(
      'task{ name = "a", env = { PATH = "in" }, run = function() print(pcall(exec.run, { "echo" })) end }',
      ["--sandbox", "--allow", "exec=echo"],
      { env },
    );
    expect(told.stdout).toContain('Cannot call exec.run with PATH in its environment for "sh"');
    const allowed = await sandbox.runLua(
      'print(exec.output({ "./echo" }, { cwd = "in" }), (pcall(exec.run, { "./echo" })))',
      ["--sandbox", "--allow", "exec=in/echo"],
      { env },
    );
    expect(allowed.stdout).toBe("evil\tfalse\n");
  });

  test("env=NAME shows that variable alone", async () => {
    using sandbox = createSandbox();
    const source =
      'print(env.get("SHOWN"), os.getenv("SHOWN"), (pcall(env.get, "HIDDEN")), (pcall(env.all)), (pcall(os.getenv, "HIDDEN")))';
    const { stdout } = await sandbox.runLua(source, ["--sandbox", "--allow", "env=SHOWN"], {
      env: { SHOWN: "1", HIDDEN: "2" },
    });
    expect(stdout).toBe("1\t1\tfalse\tfalse\tfalse\n");
  });

  test("opens a folder, and no link leads out of it", async () => {
    using sandbox = createSandbox();
    sandbox.write("secret", "s");
    mkdirSync(join(sandbox.work, "in"));
    symlinkSync("../secret", join(sandbox.work, "in/link"));
    const source = `fs.write("in/a", "x") fs.symlink("a", "in/b") fs.remove("in/b")
      for _, found in ipairs{ fs.glob("in/?"), fs.glob("in/../in/[a]"), fs.glob("**/a", { cwd = "in" }) } do assert(#found == 1, found[1]) end
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
