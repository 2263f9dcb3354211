import { describe, expect, test } from "bun:test";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** Runs one task beside two that have nothing to do with it, going on after failures. */
async function runBeside(sandbox: Sandbox, task: string) {
  const others = 'task({ name = "before", command = "echo before" })\n';
  const source = `${others}${task}\ntask({ name = "after", command = "echo after" })`;
  return sandbox.runLua(source, ["--keep-going"], PATH);
}

describe("runner run says what is wrong with a task, and runs the others", () => {
  test.each([
    ["a number", "function() return 42 end", "bad failed: it returned 42; a task returns nothing, true"],
    [
      "outputs that cannot be stored",
      "function() return { list = { print } } end",
      'bad failed: Cannot store "outputs": outputs.list[1] is a function.',
    ],
    ["no program", '"no-such-program --x"', "exit code 127 (the shell found no such command)"],
    ["a table", "function() error({ code = 5 }) end", "script.lua:2: a table was raised: { code = 5 }"],
    [
      "a table with a message",
      'function() error({ message = "disk full", code = 5, at = { 1 } }) end',
      "script.lua:2: disk full { at = {…}, code = 5 }",
    ],
    ["an empty table", "function() error({}) end", "script.lua:2: an empty table was raised"],
    ["nothing", "function() error() end", "script.lua:2: an error without a message"],
    [
      "a module that is not there",
      'function() require("no.module") end',
      "module 'no.module' not found:\n\tno field package.preload['no.module']\n\tno file 'no/module.lua'\n\tno file",
    ],
  ])("%s", async (_, command, message) => {
    using sandbox = createSandbox();
    const ended = await runBeside(sandbox, `task({ name = "bad", command = ${command} })`);
    expect(ended).toMatchObject({ stdout: "before\nafter\n", exitCode: 1 });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).toContain(": 2 done, 1 failed");
  });

  test.each([
    ["pre_exec", "bad failed at script.lua:2: pre_exec raised: no"],
    ["post_exec", "bad failed at script.lua:2: post_exec raised: no"],
    ["on_success", "bad failed at script.lua:2: on_success raised: no"],
    ["run_if", "bad failed at script.lua:2: no"],
    ["abort_if", "bad failed at script.lua:2: no"],
  ])("%s that raises", async (hook, message) => {
    using sandbox = createSandbox();
    const ended = await runBeside(
      sandbox,
      `task({ name = "bad", command = "true", ${hook} = function() error("no") end })`,
    );
    expect(ended).toMatchObject({ stdout: "before\nafter\n", exitCode: 1 });
    expect(ended.stderr).toContain(message);
  });

  test("on_failure and post_exec follow a pre_exec that raises, and a wait for the next attempt that is cut short", async () => {
    using sandbox = createSandbox();
    const hooks =
      'on_failure = function(_, _, m) print("failed:", m) end, post_exec = function() print("post") end';
    const pre = await sandbox.runLua(
      `task({ name = "a", command = "true", pre_exec = function() error("no") end, ${hooks} })`,
    );
    expect(pre.stdout).toBe("post\nfailed:\tpre_exec raised: script.lua:1: no\n");
    const wait = await sandbox.runLua(
      `task({ name = "a", command = "false", retries = 1, retry_delay = "30s", ${hooks} })`,
      ["--timeout", "0.3"],
      PATH,
    );
    expect(wait.stdout).toBe("post\nfailed:\tthe whole run took longer than 0.3 s\n");
    expect(wait.exitCode).toBe(124);
  });

  test("a hook that does not end takes no longer than the task's timeout", async () => {
    using sandbox = createSandbox();
    for (const hook of ["pre_exec", "post_exec", "on_success", "run_if", "abort_if"]) {
      const ended = await runBeside(
        sandbox,
        `task({ name = "bad", command = "true", timeout = 0.05, ${hook} = function() while true do end end })`,
      );
      expect([hook, ended.exitCode, ended.stdout]).toEqual([hook, 1, "before\nafter\n"]);
      expect(ended.stderr).toContain("it took longer than its timeout of 0.05 s");
    }
  });

  test("hooks after the end of the run's time have a moment left", async () => {
    using sandbox = createSandbox();
    const ended = await sandbox.runLua(
      `
workflow.define("w", { on_complete = function(ok) print("complete", ok) end, tasks = { {
  name = "a",
  command = function() time.sleep(1000) end,
  on_failure = function(_, _, message) time.sleep(0.001) print(message) end,
  post_exec = function() while true do end end,
} } })`,
      ["--timeout", "0.5"],
    );
    expect(ended.stdout).toBe("the whole run took longer than 0.5 s\ncomplete\tfalse\n");
    expect(ended.stderr).toContain(
      "warn  w.a: post_exec raised: it came after the end and took longer than 1 s",
    );
    expect(ended.exitCode).toBe(124);
  });
});

describe("runner run refuses a file", () => {
  test.each([
    [
      "two tasks of one name",
      'task({ name = "a", command = "true" })\ntask({ name = "a", command = "false" })',
      'Cannot load script.lua:2: task "a" is declared already at script.lua:1.\n',
    ],
    [
      "a task without anything to do",
      'task({ name = "all", depends_on = "a" })\ntask({ name = "a" })\ntask({ name = "b", depends_on = {} })',
      'Cannot load script.lua:2: task "a" has nothing to do. Give it a command, or depends_on to stand for other tasks.\n' +
        'Cannot load script.lua:3: task "b" has nothing to do. Give it a command, or depends_on to stand for other tasks.\n',
    ],
    [
      "a circle, with all other mistakes",
      'task({ name = "a", depends_on = "b", command = "true" })\ntask({ name = "b", depends_on = "a", command = "true" })\ntask({ name = "c", depends_on = "d", command = "true" })',
      'Cannot load script.lua:1: task "a" waits for itself in a circle: a → b → a.\n' +
        'Cannot load script.lua:3: task "c" depends on "d", which is not declared.\n',
    ],
    [
      "agents that nobody has configured",
      'task({ name = "a", command = "true", delegate_to = { "local", "web1" } })\ntask({ name = "b", command = "true", delegate_to = "lokal" })',
      'Cannot load script.lua:1: task "a" is delegated to "web1", which is not a configured agent. Known is "local", this machine.\n' +
        'Cannot load script.lua:2: task "b" is delegated to "lokal", which is not a configured agent. Did you mean "local"?\n',
    ],
  ])("%s", async (_, source, message) => {
    using sandbox = createSandbox();
    expect(await sandbox.runLua(source, [], PATH)).toMatchObject({
      stdout: "",
      stderr: message,
      exitCode: 5,
    });
  });
});

test("delegate_to local, nil and an empty list are this machine", async () => {
  using sandbox = createSandbox();
  const { stdout } = await sandbox.runLua(
    `
task({ name = "a", command = "echo a", delegate_to = "local" })
task({ name = "b", command = "echo b", delegate_to = { "local" } })
task({ name = "c", command = "echo c", delegate_to = nil })
task({ name = "d", command = "echo d", delegate_to = {} })`,
    [],
    PATH,
  );
  expect(stdout).toBe("a\nb\nc\nd\n");
});

test("a task without a command stands for those that it depends on", async () => {
  using sandbox = createSandbox();
  const { stdout, stderr } = await sandbox.runLua(
    'task({ name = "all", depends_on = { "a", "b" } }) task({ name = "a", command = "echo a" }) task({ name = "b", command = "echo b" })',
    ["all"],
    PATH,
  );
  expect(stdout).toBe("a\nb\n");
  expect(stderr).toContain("3 done");
});

describe("a declaration", () => {
  test("while a task runs is an error where it stands", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(
      `task({ name = "a", command = function()
  task({ name = "b", command = "true" })
end })`,
    );
    expect(stderr).toContain("a failed at script.lua:2: Cannot declare a task here: the file has been read.");
    expect(exitCode).toBe(1);
  });

  test("takes its table as it is then", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(
      `local t = { command = function(this, params) print(this.name, params.n) end }
for i = 1, 3 do t.name, t.params = "t" .. i, { n = i } task(t) t.params.n = 0 end`,
    );
    expect(stdout).toBe("t1\t1\nt2\t2\nt3\t3\n");
  });

  test.each([
    ['task({ name = "-x", command = "true" })', 'the name of a task, "-x", begins with "-"'],
    ['task({ name = "a\\nb", command = "true" })', '"a\\nb", has a control character'],
    ['task({ name = "a", command = "true\\0" })', 'the command of task "a" has a NUL character'],
  ])("%s is refused", async (source, said) => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(source);
    expect(stderr).toContain(said);
    expect(exitCode).toBe(5);
  });

  test("in TaskDefinitions has the line where it stands, also when that is set again", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `local other = { build = { x = 1 } }
TaskDefinitions = { f = { tasks = { build = { command = "true" } } } }
TaskDefinitions = {
  g = { tasks = {
    build = { command = "true" } } } }`,
    );
    const { stdout } = await sandbox.run(["list", "script.lua", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "f.build", declared_at: "script.lua:2" },
      { name: "g.build", declared_at: "script.lua:5" },
    ]);
  });

  test("in a circle is told of with all other circles, long ones without their middle", async () => {
    using sandbox = createSandbox();
    const { stderr } = await sandbox.runLua(
      `task({ name = "a", depends_on = "b" }) task({ name = "b", depends_on = "a" })
for i = 1, 2000 do task({ name = "n" .. i, depends_on = "n" .. i % 2000 + 1 }) end`,
    );
    expect(stderr).toContain('task "a" waits for itself in a circle: a → b → a.\n');
    expect(stderr).toContain("n5 → n6 → … 1989 more … → n1996 → n1997");
  });
});

describe("-o json", () => {
  test.each([
    [["run", "none.lua"], "not_found"],
    [["run", "script.lua", "nope"], "not_found"],
    [["run", "circle.lua"], "invalid"],
    [["run", "script.lua", "-C", "nowhere"], "not_found"],
    [["list", "circle.lua"], "invalid"],
    [["graph", "script.lua", "nope"], "not_found"],
    [["check", "none.lua"], "not_found"],
  ])("%p tells programs what is wrong", async (args, code) => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", 'task({ name = "a", command = "true" })');
    sandbox.write("circle.lua", 'task({ name = "a", depends_on = "a" })');
    const { stdout, stderr } = await sandbox.run([...args, "-o", "json"]);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe(code);
    expect(stderr).toBe(`${error.message}\n`);
    expect(JSON.parse((await sandbox.run(["runs", "-o", "json"])).stdout)).toEqual([]);
  });
});

test("lines of tasks that run together stay whole", async () => {
  using sandbox = createSandbox();
  const { stdout } = await sandbox.runLua(
    `task({ name = "a", command = "printf part; touch begun; while ! test -e ok; do sleep 0.01; done; echo ial" })
task({ name = "b", command = "while ! test -e begun; do sleep 0.01; done; echo whole; touch ok; printf end" })`,
    ["-j2"],
    { env: { PATH: process.env.PATH ?? "" } },
  );
  expect(stdout).toContain("whole\n");
  expect(stdout).toContain("partial\n");
});

test("values are a table of what was given: they can be walked and encoded", async () => {
  using sandbox = createSandbox();
  const source = `
local before = json.encode(values)
for key in pairs(values) do print(key) end
print(before, values.none, json.encode(values) == before, values.require("a").b)`;
  const { stdout } = await sandbox.runLua(source, ["--set", "a.b=1"]);
  expect(stdout).toBe('a\n{"a":{"b":1}}\tnil\ttrue\t1\n');
});

test("messages of tasks cannot steer the terminal, and stay on their line", async () => {
  using sandbox = createSandbox();
  const { stderr } = await sandbox.runLua(
    'task({ name = "a", command = function() return true, "one\\n\\27[31mtwo" end })',
  );
  expect(stderr).not.toContain("\u001b");
  expect(stderr).toMatch(/✓ a .*one.*two/);
});

test("runs prune --keep asks first", async () => {
  using sandbox = createSandbox();
  sandbox.write("script.lua", 'task({ name = "a", command = "true" })');
  await sandbox.run(["run", "script.lua"], { env: { PATH: process.env.PATH ?? "" } });
  const refused = await sandbox.run(["runs", "prune", "--keep", "0"]);
  expect(refused).toMatchObject({
    stderr:
      "Cannot remove all runs from the journal: nobody is there to confirm it. Add --yes to do it unasked.\n",
    exitCode: 2,
  });
  const { stderr } = await sandbox.run(["runs", "prune", "--keep", "0", "-y"]);
  expect(stderr).toBe("Removed 1 run from the journal.\n");
});

describe("runner run lets a task that waits for a module go on", () => {
  const waits = 'task({ name = "waits", command = function() print(require("part").times) end })';
  const ask = 'coroutine.wrap(function() require("part") end)()';

  test.each([
    [
      "when the one that was loading it is stopped",
      "time.sleep(60)",
      `timeout = "100ms", command = function() ${ask} end`,
    ],
    [
      "when it was loaded within itself",
      `time.sleep(0.01) ${ask}`,
      'command = function() require("part") end',
    ],
  ])("%s", async (_, first, task) => {
    using sandbox = createSandbox();
    sandbox.write(
      "part.lua",
      `times = (times or 0) + 1 if times == 1 then ${first} end return { times = times }`,
    );
    const source = `task({ name = "loads", ${task} })\n${waits}`;
    const ended = await sandbox.runLua(source, ["--keep-going", "--jobs", "2"], { hungAfter: 20_000 });
    expect(ended.stdout).toBe("2\n");
    expect(ended.stderr).toContain("✓ waits");
  });
});
