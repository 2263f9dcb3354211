import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { untilEnded } from "../helpers/alive.ts";
import { createSandbox } from "../helpers/binary.ts";

/** Lines of stdout under -o json, parsed. */
function events(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe("runner run with a plain script", () => {
  test("prints what the script prints and nothing else", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.runLua("print('hello', 1, 2.5, nil, true)");
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "hello\t1\t2.5\tnil\ttrue\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("creates nothing when the script stores nothing", async () => {
    using sandbox = createSandbox();
    await sandbox.runLua("print(state.get('x'), #state.keys())");
    const { stdout } = Bun.spawnSync(["find", sandbox.home]);
    expect(stdout.toString()).toBe(`${sandbox.home}\n`);
  });

  test("fails with file, line, source and the way there", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.runLua(
      "local function check()\n  error('no answer')\nend\ncheck()\n",
    );
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      "script.lua:2: no answer\n  2 │ error('no answer')\n  in function 'check' (script.lua:2), called from script.lua:4\n",
    );
  });

  test("is named by file and line when it does not compile", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua("local x = 1\nlocal = 2\n");
    expect(stderr).toStartWith("Cannot load script.lua:2: ");
    expect(exitCode).toBe(5);
  });

  test("ends with the code of os.exit, also past pcall", async () => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua("print('a') pcall(os.exit, 7) print('b')");
    expect({ stdout, exitCode }).toEqual({ stdout: "a\n", exitCode: 7 });
  });

  test("may begin with a line for the system", async () => {
    using sandbox = createSandbox();
    const { stderr } = await sandbox.runLua("#!/usr/bin/env runner\nerror('second line')\n");
    expect(stderr).toStartWith("script.lua:2: second line\n");
  });

  test("gets values, typed and nested", async () => {
    using sandbox = createSandbox();
    const script = "print(values.a + 1, values.b.c, values.nope, pcall(values.require, 'nope'))";
    const { stdout } = await sandbox.runLua(script, ["--set", "a=1", "--set", "b.c=x"]);
    expect(stdout).toStartWith('2\tx\tnil\tfalse\tCannot find the value "nope"');
  });

  test("requires modules of the host by name and files beside it", async () => {
    using sandbox = createSandbox();
    sandbox.write("lib/greet.lua", "return { hello = function(n) return 'hello ' .. n end }");
    const { stdout, stderr } = await sandbox.runLua(
      "print(require('lib.greet').hello('you'), require('state') == state, loadfile('nope.lua'))",
    );
    expect(stderr).toBe("");
    expect(stdout).toBe('hello you\ttrue\tnil\tCannot read "nope.lua": there is no such file.\n');
  });

  test("writes a megabyte into a pipe whole", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua("for i = 1, 1000 do print(('x'):rep(1023)) end");
    expect(stdout.length).toBe(1024 * 1000);
  });
});

const TASKS = `
task({ name = "build", description = "Build it", run = function()
  log.info("built", { files = 42 })
  return true, "42 files", { files = 42 }
end })
task("ship"):description("Ship it"):depends_on("build"):command(function(this, params, deps)
  print(this.name, deps.build.files)
end)
task({ name = "shell", command = "echo out; echo err >&2" })
`;

describe("runner run with tasks", () => {
  test("runs them in order and says how each ended", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.runLua(TASKS);
    expect(exitCode).toBe(0);
    expect(stdout).toBe("ship\t42\nout\n");
    expect(stderr.replace(/\d+\.\d/g, "N").replace(/run \w+/, "run ID")).toBe(
      [
        "runner · script.lua · 3 tasks · run ID",
        "",
        "info  built files=42",
        "  ✓ build             Ns   42 files",
        "  ✓ ship              Ns",
        "err",
        "  ✓ shell             Ns",
        "",
        "3 tasks in N s: 3 done",
        "",
      ].join("\n"),
    );
  });

  test("runs named ones with what they need", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr } = await sandbox.runLua(TASKS, ["ship"]);
    expect(stdout).toBe("ship\t42\n");
    expect(stderr).toContain("2 tasks in");
  });

  test("skips what is left when one fails, and exits with 1", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(`
task({ name = "a", command = "exit 3" })
task({ name = "b", run = function() print("never") end })`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('– b                       skipped: "a" failed');
    expect(stderr).toContain("a failed: the command ended with exit code 3");
  });

  test("reports every result that means failure", async () => {
    using sandbox = createSandbox();
    for (const [returned, said] of [
      ["false, 'no disk'", "x failed: no disk"],
      ["nil, 'no disk'", "x failed: no disk"],
      ["5", "x failed: it returned 5;"],
    ]) {
      const { stderr, exitCode } = await sandbox.runLua(
        `task({ name = "x", run = function() return ${returned} end })`,
      );
      expect(stderr).toContain(said ?? "");
      expect(exitCode).toBe(1);
    }
  });

  test("prints one event a line with -o json, and nothing else", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr } = await sandbox.runLua(TASKS, ["-o", "json"]);
    expect(stderr).toBe("");
    expect(events(stdout).map(({ event, task }) => `${event} ${task ?? ""}`.trim())).toEqual([
      "run_started",
      "task_started build",
      "log build",
      "task_ended build",
      "task_started ship",
      "output ship",
      "task_ended ship",
      "task_started shell",
      "output shell",
      "output shell",
      "task_ended shell",
      "run_ended",
    ]);
  });

  test("reports the mistakes of a file together, each with its line", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(`task({ name = "build", command = "make" })
task({ name = "ship", depends_on = "biuld" })
task({ name = "build", retrys = 3 })
task({})
task({ name = 5, command = "true" })`);
    expect(exitCode).toBe(5);
    expect(stderr.trimEnd().split("\n").sort()).toEqual([
      'Cannot load script.lua:2: task "ship" depends on "biuld", which is not declared. Did you mean "build"?',
      'Cannot load script.lua:3: task "build" has an unknown option "retrys". Did you mean "retries"?',
      'Cannot load script.lua:3: task "build" is declared already at script.lua:1.',
      'Cannot load script.lua:4: a task has no name. Give it one: name = "…".',
      "Cannot load script.lua:5: the name of a task is 5: expected a string.",
    ]);
  });

  test("spells a cycle out", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(
      'task({name="a", depends_on="b"}) task({name="b", depends_on="a"})',
    );
    expect(stderr).toContain("a → b → a");
    expect(exitCode).toBe(5);
  });
});

describe("runner run on the command line", () => {
  test("finds runner.lua in a parent folder", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.lua", "task({ name = 'up', command = 'pwd' })");
    mkdirSync(join(sandbox.work, "deep/er"), { recursive: true });
    const { stdout } = await sandbox.run(["run", "up"], { cwd: join(sandbox.work, "deep/er") });
    expect(stdout.trim()).toEndWith("/work");
  });

  test("works in the folder of -C", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua("task({ name = 'x', command = 'pwd' })", ["-C", sandbox.home]);
    expect(stdout.trim()).toEndWith("/home");
  });

  const mistakes: [title: string, args: string[], code: number, said: string][] = [
    ["a file that is not there", ["run", "nope.lua"], 3, 'Cannot read "nope.lua": there is no such file.'],
    ["no file at all", ["run"], 3, "Cannot find runner.lua in this folder or a parent."],
    ["a folder", ["run", "./"], 5, "it is a folder"],
    ["a value without a name", ["run", "script.lua", "--set", "x"], 2, 'Cannot use "--set x"'],
    ["an unknown task", ["run", "script.lua", "shp"], 3, 'no task has this name. Did you mean "ship"?'],
    ["an unknown option", ["run", "script.lua", "--sett", "a=1"], 2, 'Did you mean "--set"?'],
  ];
  test.each(mistakes)("names %s", async (_, args, code, said) => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", TASKS);
    const { stdout, stderr, exitCode } = await sandbox.run(args);
    expect(stderr).toContain(said);
    expect(stdout).toBe("");
    expect(exitCode).toBe(code);
  });

  test("Ctrl-C stops a command with its grandchildren", async () => {
    using sandbox = createSandbox();
    sandbox.write("wait.lua", "exec.run('sleep 1000 & echo $! > child; echo started > started; wait')");
    const run = sandbox.spawn(["run", "wait.lua"], { env: { PATH: process.env.PATH ?? "" } });
    const started = join(sandbox.work, "started");
    while (!(await Bun.file(started).exists())) await Bun.sleep(5);
    const child = Number(await Bun.file(join(sandbox.work, "child")).text());
    run.kill("SIGINT");
    expect((await run.finished).exitCode).toBe(130);
    await untilEnded(child);
  });

  test("Ctrl-C ends a script that computes", async () => {
    using sandbox = createSandbox();
    sandbox.write("busy.lua", "print('busy') while true do end");
    const run = sandbox.spawn(["run", "busy.lua"]);
    await run.untilStdout("busy");
    run.kill("SIGINT");
    expect((await run.finished).exitCode).toBe(130);
  });
});

describe("runner list", () => {
  test("shows tasks, their dependencies and what they do", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", TASKS);
    const { stdout } = await sandbox.run(["list", "script.lua"]);
    expect(stdout).toMatch(/^TASK +AFTER +DESCRIPTION\nbuild +– +Build it\nship +build +Ship it\nshell +–/);
    const json = JSON.parse((await sandbox.run(["list", "script.lua", "-o", "json"])).stdout);
    expect(json[1]).toEqual({
      name: "ship",
      description: "Ship it",
      group: null,
      tags: [],
      depends_on: ["build"],
      declared_at: "script.lua:6",
    });
  });

  test.each(["state.set('x', 1)", "fs.write('x', '')", "exec.run('true')", "os.remove('x')"])(
    "refuses %s at the top level",
    async (call) => {
      using sandbox = createSandbox();
      sandbox.write("script.lua", `\n${call}`);
      const { stderr, exitCode } = await sandbox.run(["list", "script.lua"]);
      expect(stderr).toContain("script.lua:2: Cannot call");
      expect(stderr).toContain("Move the call into a task.");
      expect(exitCode).toBe(5);
    },
  );
});

test("a command that takes too long is a failure of its script, with whatever time it was given", async () => {
  using sandbox = createSandbox();
  const late = await sandbox.runLua("exec.run('sleep 100', { timeout = 0.05 })");
  expect(late.stderr).toContain("stopped after 0.05 s");
  expect(late.exitCode).toBe(1);
  const months = await sandbox.runLua("print(exec.run('echo fine', { timeout = '100d' }).stdout)");
  expect(months).toMatchObject({ stdout: "fine\n\n", stderr: "", exitCode: 0 });
});
