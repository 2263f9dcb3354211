import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** Each task waits until both are under way: only a run of several at a time ends well. */
const TOGETHER = `
for _, name in ipairs({ "a", "b" }) do
  local other = name == "a" and "b" or "a"
  task({ name = name, command = function()
    fs.write(name, "")
    local left = 200
    while not fs.exists(other) and left > 0 do time.sleep(0.01) left = left - 1 end
    return fs.exists(other), "alone"
  end })
end`;

describe("the settings of runs", () => {
  test("run.jobs is how many tasks run at the same time, which --jobs overrides", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "run: { jobs: 2 }");
    expect((await sandbox.runLua(TOGETHER)).exitCode).toBe(0);
    for (const name of ["a", "b"]) Bun.spawnSync(["rm", join(sandbox.work, name)]);
    const { stderr } = await sandbox.runLua(TOGETHER.replace("left = 200", "left = 2"), ["--jobs", "1"]);
    expect(stderr).toContain("a failed: alone");
  });

  test("run.timeout ends tasks, plain scripts and top levels, and --timeout overrides it", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.toml", 'run.timeout = "50ms"');
    const tasks = await sandbox.runLua('task({ name = "a", command = function() time.sleep(100) end })');
    expect(tasks.stderr).toContain("a failed: the whole run took longer than 0.05 s");
    expect(tasks.exitCode).toBe(124);
    const plain = await sandbox.runLua("while true do end");
    expect(plain.stderr).toMatch(/^Cannot finish .*script\.lua: it took longer than 0\.05 s\n$/);
    expect(plain.exitCode).toBe(124);
    const longer = await sandbox.runLua("time.sleep(0.1) print('done')", ["--timeout", "1m"]);
    expect(longer).toMatchObject({ stdout: "done\n", exitCode: 0 });
  });

  test("the time of a run counts from its beginning, its top level too", async () => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua(
      'time.sleep(0.4) task({ name = "a", command = function() time.sleep(0.4) print("late") end })',
      ["--timeout", "0.6s"],
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 124 });
  });

  test("run.keep_going goes on after a failure", async () => {
    using sandbox = createSandbox();
    const source = 'task({ name = "a", command = "false" }) task({ name = "b", command = "echo b" })';
    expect((await sandbox.runLua(source, [], PATH)).stdout).toBe("");
    const env = { ...PATH.env, RUNNER_RUN_KEEP_GOING: "true" };
    expect(await sandbox.runLua(source, [], { env })).toMatchObject({ stdout: "b\n", exitCode: 1 });
  });
});

/** Everything below the home, with its content. */
function snapshot({ home }: Sandbox): Record<string, string> {
  if (!existsSync(home)) return {};
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, readFileSync(path).toString("base64")];
    }),
  );
}

describe("runner run --dry-run", () => {
  const FILE = `
task({ name = "a", once = "k", sources = "script.lua", command = "touch ran" })
task({ name = "b", depends_on = "a", lock = "l", run_if = "touch asked", command = function() state.set("k", 1) end })
task({ name = "c", next_if_fail = "b", pre_exec = function() fs.write("hooked", "") end, command = "touch ran" })`;

  test("and --explain run no command and no condition, and write nothing, with a store and without", async () => {
    using sandbox = createSandbox();
    for (const option of ["--dry-run", "--explain"]) {
      const { stdout, exitCode } = await sandbox.runLua(FILE, [option], PATH);
      expect(
        stdout
          .split("\n")
          .slice(1)
          .map((line) => line.split(/ {2,}/)),
      ).toEqual([
        ["a", "–", "yes", "it has not succeeded before"],
        ["b", "a", "perhaps", 'run_if decides by running "touch asked"'],
        ["c", "–", "perhaps", "only if b fails"],
        [""],
      ]);
      expect(exitCode).toBe(0);
    }
    expect(snapshot(sandbox)).toEqual({});
    await sandbox.run(["state", "set", "greeting", "hello"]);
    const before = snapshot(sandbox);
    await sandbox.runLua(FILE, ["--dry-run", "-o", "json"], PATH);
    await sandbox.run(["list", "script.lua", "--status"], PATH);
    expect(snapshot(sandbox)).toEqual(before);
    expect(readdirSync(sandbox.work)).toEqual(["script.lua"]);
  });

  test("shows what file would change at the top level, and changes nothing", async () => {
    using sandbox = createSandbox();
    const source = `
local made = file.copy({ content = "port 80\\n", dest = "conf" })
file.remove({ path = "script.lua" })
task({ name = "a", run = function() file.copy({ content = tostring(made.changed), dest = "made" }) end })`;
    const dry = await sandbox.runLua(source, ["-n", "-o", "json"]);
    expect(dry.stderr).toBe("--- conf\n+++ conf\n@@ -0,0 +1,1 @@\n+port 80\nscript.lua: removed\n");
    expect(JSON.parse(dry.stdout)).toEqual([
      { task: "a", depends_on: [], runs: true, reason: "it always runs" },
    ]);
    expect(readdirSync(sandbox.work)).toEqual(["script.lua"]);
    const listed = await sandbox.run(["list", "script.lua"]);
    expect(listed.stderr).toContain("Cannot call file.copy at the top level of script.lua");
    expect((await sandbox.runLua('exec.run("touch x")', ["-n"])).stderr).toContain("Cannot call exec.run");
  });

  test.each([
    ["--dry-run", "--resume"],
    ["--explain", "--resume"],
    ["--watch", "--resume"],
    ["--dry-run", "--watch"],
  ])("%s is refused with %s", async (one, other) => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.runLua('print("ran")', [one, other]);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "",
      stderr: `Cannot use "${one}" with ${other}: leave one of the two out.\n`,
      exitCode: 2,
    });
  });

  test("stays in the sandbox", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr } = await sandbox.runLua('print(fs.read("/etc/hostname"))', ["-n", "--sandbox"]);
    expect(stdout).toBe("");
    expect(stderr).toContain("--allow fs");
  });
});
