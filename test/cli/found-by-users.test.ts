import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";
import { startOnTerminal } from "../helpers/terminal.ts";

describe("runner state restore", () => {
  test("needs no temporary folder of the system", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "old"]);
    await sandbox.run(["state", "backup", "b.bak"]);
    await sandbox.run(["state", "set", "k", "new"]);
    const env = { TMPDIR: "/nonexistent" };
    const { stderr, exitCode } = await sandbox.run(["state", "restore", "b.bak", "-y"], { env });
    expect({ stderr: stderr.includes("bug"), exitCode }).toEqual({ stderr: false, exitCode: 0 });
    expect((await sandbox.run(["state", "get", "k"])).stdout).toBe("old\n");
  });
});

describe("runner state import --unchecked", () => {
  test("honours the ttl of an edited entry", async () => {
    using sandbox = createSandbox();
    const stdin = '{"key":"t","value":"x","ttl":60}\n';
    await sandbox.run(["state", "import", "--unchecked"], { stdin });
    const shown = JSON.parse((await sandbox.run(["state", "show", "t", "-o", "json"])).stdout);
    expect(shown.ttl).toBeGreaterThan(0);
    expect(shown.ttl).toBeLessThanOrEqual(60);
  });

  test.each(['{"key":"t","value":1,"zzz":1}', '{"key":"t","value":1,"ttl":-5}'])(
    "refuses the whole for %s",
    async (line) => {
      using sandbox = createSandbox();
      const stdin = `{"key":"a","value":1}\n${line}\n`;
      const { stderr, exitCode } = await sandbox.run(["state", "import", "--unchecked"], { stdin });
      expect(exitCode).toBe(5);
      expect(stderr).toContain("2");
      expect((await sandbox.run(["state", "keys"])).stdout).toBe("");
    },
  );
});

describe("runner state revert", () => {
  test("does not take a mistyped key or revision for done", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "deploy", "v1"]);
    const key = await sandbox.run(["state", "revert", "deplyo", "--to", "1"]);
    expect(key.stderr).toContain('Did you mean "deploy"?');
    expect(key.exitCode).toBe(3);
    const revision = await sandbox.run(["state", "revert", "deploy", "--to", "99"]);
    expect(revision.stderr).toContain("the newest is 1");
    expect(revision.exitCode).toBe(3);
  });
});

describe("the exit code of a plain script", () => {
  test.each([
    ["state.set('a', 1, 0)", 1],
    ["state.need('nope')", 1],
    ["error('x')", 1],
    ["local = 1", 5],
  ])("after %s is %d", async (source, code) => {
    using sandbox = createSandbox();
    expect((await sandbox.runLua(source)).exitCode).toBe(code);
  });
});

test("the history names the account, or its number where nothing names it", async () => {
  using sandbox = createSandbox();
  await sandbox.run(["state", "set", "k", "1"]);
  await sandbox.run(["state", "set", "k", "2"], { env: { USER: "deploy" } });
  const { stdout } = await sandbox.run(["state", "history", "k"]);
  expect(stdout).toContain("deploy");
  expect(stdout).not.toContain("unknown");
});

test.each([
  ["n\n", 2],
  ["\u0004", 2],
  ["\u0003", 130],
])(
  "a question that is answered by %j changes nothing and ends with exit code %d",
  async (answer, exitCode) => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "1"]);
    const terminal = startOnTerminal([sandbox.binary, "state", "clear"], {
      columns: 100,
      cwd: sandbox.work,
      env: { HOME: sandbox.home },
    });
    await terminal.until((text) => text.includes("[y/N]"));
    terminal.type(answer);
    expect(await terminal.ended).toBe(exitCode);
    expect(terminal.screen.text).toContain("Nothing was changed.");
    expect((await sandbox.run(["state", "get", "k"])).stdout).toBe("1\n");
  },
);

test("a change in the memory backend is said to be kept by nobody", async () => {
  using sandbox = createSandbox();
  const memory = { RUNNER_STATE_BACKEND: "memory" };
  const set = await sandbox.run(["state", "set", "a", "1"], { env: memory });
  expect([set.exitCode, set.stderr]).toEqual([0, expect.stringContaining("Nothing of this is kept")]);
  expect((await sandbox.run(["state", "keys"], { env: memory })).stderr).toBe("");
});

test.each(["sqlite", "memory"])("is_locked() gives the seconds of a renewed lease in %s", async (backend) => {
  using sandbox = createSandbox();
  const source = 'state.with_lock("l", function() print(select(3, state.is_locked("l"))) end)';
  const { stdout } = await sandbox.runLua(source, [], { env: { RUNNER_STATE_BACKEND: backend } });
  expect(stdout).toBe("30\n");
});

test("math.random() is seeded anew in each process", async () => {
  using sandbox = createSandbox();
  const printed = async () => (await sandbox.runLua("print(math.random(0), math.random(0))")).stdout;
  expect(await printed()).not.toBe(await printed());
});

test("messages about keys and types say what is the case", async () => {
  using sandbox = createSandbox();
  const { stdout } = await sandbox.runLua(`
    local function raised(f, ...)
      local ok, err = pcall(f, ...)
      print(ok, err.code, err.message)
    end
    raised(state.set_many, { 1, 2 })
    raised(state.set, "\\xff", 1)
    state.set("b", "\\xff")
    raised(state.increment, "b")`);
  expect(stdout.trimEnd().split("\n")).toEqual([
    "false\tbad_argument\tstate.set_many: argument 1 (entries): expected a table whose keys are text, got a table",
    "false\tbad_key\tstate.set: argument 1 (key): it is not UTF-8",
    'false\tnot_a_number\tCannot increment "b": it holds bytes, not a number. Set it to a number first.',
  ]);
});

test("a coroutine that fails and that nobody awaits is told of when its task ends", async () => {
  using sandbox = createSandbox();
  const { stderr, exitCode } = await sandbox.runLua(`
    task{ name = "a", run = function() async.spawn(function() error("lost") end) time.sleep(0.01) end }
    task{ name = "b", run = function() pcall(function() async.spawn(function() error("seen") end):await() end) end }
    task{ name = "c", run = function() return true end }`);
  const lines = stderr.split("\n").filter((line) => /nobody|✓/.test(line));
  expect({ lines, exitCode }).toEqual({
    lines: [
      "error nobody awaited a coroutine that failed: script.lua:2: lost",
      expect.stringContaining("✓ a"),
      expect.stringContaining("✓ b"),
      expect.stringContaining("✓ c"),
    ],
    exitCode: 0,
  });
});

test("a coroutine that fails and that nobody awaits is told of also when another task ends before its own", async () => {
  using sandbox = createSandbox();
  const { stderr } = await sandbox.runLua(
    `
task{ name = "a", run = function()
  local held = async.spawn(function() error("lost") end)
  while not fs.exists("later") do time.sleep(0.002) end
  return held:done()
end }
task{ name = "b", run = function() return true end }
task{ name = "c", depends_on = "b", run = function() fs.write("later", "") end }`,
    ["--jobs", "2"],
  );
  expect(stderr).toContain("nobody awaited a coroutine that failed: script.lua:3: lost");
});

test("a call of a function that a module has not says which one was meant", async () => {
  using sandbox = createSandbox();
  const plain = await sandbox.runLua('fs.raed("x")');
  expect(plain.stderr).toContain("(field 'raed')");
  expect(plain.stderr).toContain("\n  Did you mean fs.read?\n");
  const task = await sandbox.runLua('task{ name = "a", run = function() return json.decod("1") end }');
  expect(task.stderr).toContain("\n  Did you mean json.decode?\n");
  expect((await sandbox.runLua("local own = {} own.raed()")).stderr).not.toContain("Did you mean");
});

test("runner init says what an editor's settings that were there lack", async () => {
  using sandbox = createSandbox();
  sandbox.write(".luarc.json", "{}");
  const { stdout } = await sandbox.run(["init"]);
  expect(stdout).toContain('kept, it was there. Add ".runner/types" to its workspace.library\n');
  sandbox.write(".luarc.json", '{ "workspace.library": [".runner/types"] }');
  expect((await sandbox.run(["init"])).stdout).toContain(".luarc.json    kept, it was there\n");
});
