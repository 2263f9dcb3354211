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
    ["pre_exec", "bad failed at script.lua:2: no"],
    ["post_exec", "bad failed at script.lua:2: no"],
    ["on_success", "bad failed at script.lua:2: no"],
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
    expect(pre.stdout).toBe("post\nfailed:\tscript.lua:1: no\n");
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
      ["--timeout", "0.05"],
    );
    expect(ended.stdout).toBe("the whole run took longer than 0.05 s\ncomplete\tfalse\n");
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
