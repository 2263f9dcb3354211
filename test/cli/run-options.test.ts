import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { untilEnded } from "../helpers/alive.ts";
import { createSandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

function ends(stderr: string): string[] {
  return [...stderr.matchAll(/^ {2}([✓–✗]) (\S+)/gm)].map(([, mark, name]) => `${mark} ${name}`);
}

async function run(source: string, args: readonly string[] = []) {
  using sandbox = createSandbox();
  return await sandbox.runLua(source, args, PATH);
}

describe("timeout", () => {
  test("stops a command with its grandchildren", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(
      `task({ name = "a", timeout = "300ms", command = "sleep 1000 & echo $! > child; wait" })`,
      [],
      PATH,
    );
    expect(stderr).toContain("a failed: it took longer than its timeout of 0.3 s");
    expect(exitCode).toBe(1);
    await untilEnded(Number(readFileSync(join(sandbox.work, "child"), "utf8")));
  });

  test("stops what a function runs, with its grandchildren, also one that ignores SIGTERM", async () => {
    using sandbox = createSandbox();
    const { stderr } = await sandbox.runLua(
      `task({ name = "a", timeout = "300ms", command = function()
  exec.run("trap '' TERM; sleep 1000 & echo $! > child; wait; wait")
end })`,
      [],
      PATH,
    );
    expect(stderr).toContain("a failed: it took longer than its timeout of 0.3 s");
    await untilEnded(Number(readFileSync(join(sandbox.work, "child"), "utf8")));
  });

  test.each([
    ["waits in pcall again and again", "while true do pcall(time.sleep, 0.01) end"],
    ["computes in pcall", "while true do pcall(function() while true do end end) end"],
    ["computes in a coroutine", "while true do coroutine.wrap(function() while true do end end)() end"],
    [
      "computes in coroutines in coroutines",
      "local function f() while true do pcall(coroutine.wrap(f)) end end f()",
    ],
    [
      "computes in a comparator",
      "while true do pcall(table.sort, {3,2,1}, function() while true do pcall(function() end) end end) end",
    ],
    ["takes the hook away", "pcall(function() debug.sethook() end) while true do end"],
    [
      "closes a variable for ever",
      "local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
    ],
  ])("ends a function that %s", async (_, body) => {
    const { stderr, exitCode } = await run(`
task({ name = "a", timeout = "200ms", command = function() ${body} end })
task({ name = "b", next_if_fail = "a", command = "echo after" })`);
    expect(stderr).toContain("a failed: it took longer than its timeout of 0.2 s");
    expect(ends(stderr)).toEqual(["✗ a", "✓ b"]);
    expect(exitCode).toBe(1);
  });

  test("lets what is in time alone, and closes variables of what is not", async () => {
    const { stdout } = await run(`
task({ name = "a", timeout = "1m", command = function() time.sleep(0.01) print("in time") end })
task({ name = "b", timeout = "100ms", command = function()
  local x <close> = setmetatable({}, { __close = function() print("closed") end })
  time.sleep(60)
end })`);
    expect(stdout).toBe("in time\nclosed\n");
  });

  test("of the whole run ends it with 124", async () => {
    const { stderr, exitCode } = await run(
      `task({ name = "a", command = "sleep 100" }) task({ name = "b", command = "true" })`,
      ["--timeout", "300ms"],
    );
    expect(stderr).toContain("a failed: the whole run took longer than 0.3 s");
    expect(ends(stderr).sort()).toEqual(["– b", "✗ a"]);
    expect(exitCode).toBe(124);
  });
});

test("--timeout ends a top level that never ends by itself", async () => {
  const { stderr, exitCode } = await run("while true do pcall(string.rep, 'x', 10) end", [
    "--timeout",
    "0.3s",
  ]);
  expect(stderr).toMatch(/Cannot finish .*script.lua: it took longer than 0.3 s/);
  expect(exitCode).toBe(124);
});

describe("retries", () => {
  test("try again until it works, and say which attempt it was", async () => {
    const { stderr, stdout, exitCode } = await run(`
task("a"):retries(3, "constant"):retry_delay("1ms"):command(function(this)
  print(this.attempt)
  if this.attempt < 3 then error("not yet") end
  return true, "now"
end)`);
    expect(stdout).toBe("1\n2\n3\n");
    expect(stderr).toContain("attempt 3 of 4 · now");
    expect(exitCode).toBe(0);
  });

  test("end with the last failure", async () => {
    const { stderr, exitCode } = await run(
      `task({ name = "a", retries = 1, retry_delay = "1ms", backoff = 1.5, command = "exit 9" })`,
    );
    expect(stderr).toContain("attempt 2 of 2");
    expect(stderr).toContain("a failed: the command ended with exit code 9");
    expect(exitCode).toBe(1);
  });
});

describe("conditions", () => {
  test("run_if skips, which satisfies dependents", async () => {
    const { stderr, exitCode } = await run(`
task({ name = "a", run_if = "false", command = "true" })
task({ name = "b", run_if = function() return false, "not on Sundays" end, command = "true" })
task({ name = "c", run_if = function(this, params) return params.go end, params = { go = true }, command = "true" })
task({ name = "d", depends_on = { "a", "b" }, run_if = "exit 0", command = "true" })`);
    expect(ends(stderr)).toEqual(["– a", "– b", "✓ c", "✓ d"]);
    expect(stderr).toContain("skipped: not on Sundays");
    expect(exitCode).toBe(0);
  });

  test.each([
    [
      "run_if",
      "nonexistent_guard --check",
      'run_if has no answer: "nonexistent_guard --check" ended with exit code 127: ',
    ],
    ["abort_if", "nonexistent_guard --check", "nonexistent_guard: not found"],
    ["run_if", "kill -9 $$", 'run_if has no answer: "kill -9 $$" ended with exit code 137'],
  ])("%s that cannot be run or is killed fails its task: %s", async (name, line, said) => {
    const { stdout, stderr, exitCode } = await run(
      `task({ name = "a", ${name} = "${line}", command = "echo ran" })`,
    );
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toContain(said);
  });

  test("shows what a shell line says that exits with neither yes nor no", async () => {
    const { stderr, exitCode } = await run(`
task({ name = "a", run_if = "echo broken >&2; exit 2", command = "true" })
task({ name = "b", run_if = "echo hidden >&2; exit 1", command = "true" })
task({ name = "c", run_if = "exit 255", command = "true" })`);
    expect([ends(stderr), exitCode]).toEqual([["– a", "– b", "– c"], 0]);
    expect(stderr).toContain("broken\n");
    expect(stderr).not.toContain("hidden");
  });

  test("abort_if stops the run, also with --keep-going", async () => {
    const { stderr, exitCode } = await run(
      `
task({ name = "a", abort_if = function() return true, "disk full" end, command = "true" })
task({ name = "b", command = "true" })`,
      ["--keep-going"],
    );
    expect(ends(stderr)).toEqual(["✗ a", "– b"]);
    expect(stderr).toContain("abort_if stopped the run: disk full");
    expect(exitCode).toBe(1);
  });

  test("one that raises fails its task with its line", async () => {
    const { stderr } = await run(
      `task({ name = "a", run_if = function() error("oh") end, command = "true" })`,
    );
    expect(stderr).toContain("a failed at script.lua:1: oh");
  });

  test("next_if_fail runs after a failure only, and its dependents with it", async () => {
    const file = (command: string) => `
task({ name = "a", command = "${command}" })
task({ name = "b", next_if_fail = "a", command = "true" })
task({ name = "c", command = "true" })`;
    const failed = await run(file("false"));
    expect(ends(failed.stderr).sort()).toEqual(["– c", "✓ b", "✗ a"]);
    expect(failed.exitCode).toBe(1);
    const fine = await run(file("true"));
    expect(ends(fine.stderr)).toEqual(["✓ a", "– b", "✓ c"]);
    expect(fine.stderr).toContain('skipped: "a" did not fail');
    expect(fine.exitCode).toBe(0);
  });

  test("keep-going runs what does not depend on a failure, and skips what does, transitively", async () => {
    const { stderr } = await run(
      `
task({ name = "a", command = "false" })
task({ name = "b", depends_on = "a", command = "true" })
task({ name = "c", depends_on = "b", command = "true" })
task({ name = "d", command = "true" })`,
      ["-k"],
    );
    expect(ends(stderr).sort()).toEqual(["– b", "– c", "✓ d", "✗ a"]);
    expect(stderr).toMatch(/– c +skipped: "a" failed/);
  });
});

describe("hooks", () => {
  test("run around the task, with what came of it", async () => {
    const { stdout } = await run(`
local function say(what) return function(this, params, x) print(what, this.name, type(x) == "table" and (x.n or "deps") or x) end end
task({ name = "a", command = function() print("work") return { n = 5 } end,
  pre_exec = say("pre"), post_exec = say("post"), on_success = say("success"), on_failure = say("failure") })
task({ name = "b", command = function() return false, "no disk" end,
  pre_exec = say("pre"), post_exec = say("post"), on_success = say("success"), on_failure = say("failure") })`);
    expect(stdout).toBe(
      "pre\ta\tdeps\nwork\npost\ta\t5\nsuccess\ta\t5\npre\tb\tdeps\npost\tb\tnil\nfailure\tb\tno disk\n",
    );
  });

  test.each(["pre_exec", "post_exec", "on_success"])("%s that raises fails the task", async (hook) => {
    const { stderr, exitCode } = await run(`
task({ name = "a", command = "true", ${hook} = function() error("oh") end })`);
    expect(stderr).toContain(`a failed at script.lua:2: ${hook} raised: oh`);
    expect(exitCode).toBe(1);
  });

  test("on_failure that raises leaves the failure what it is", async () => {
    const { stderr } = await run(
      `task({ name = "a", command = "exit 3", on_failure = function() error("oh") end })`,
    );
    expect(stderr).toContain("a failed: the command ended with exit code 3");
    expect(stderr).toContain("on_failure raised: script.lua:1: oh");
  });

  test("pre_exec that says no keeps the task from running", async () => {
    const { stdout, stderr } = await run(`
task({ name = "a", command = "echo never", pre_exec = function() return false, "closed" end })`);
    expect(stdout).toBe("");
    expect(stderr).toContain("a failed: pre_exec said no: closed");
  });
});

describe("surroundings", () => {
  test("env reaches commands, of the shell and of exec", async () => {
    const { stdout } = await run(`
task({ name = "a", env = { X = "1", Y = 2, Z = 9007199254740993 }, command = "echo $X$Y $Z" })
task({ name = "b", env = { X = "b" }, command = function() print((exec.run("echo $X").stdout)) end })`);
    expect(stdout).toBe("12 9007199254740993\nb\n\n");
  });

  test("workdir is where commands and files start, from the task file's folder", async () => {
    using sandbox = createSandbox();
    sandbox.write("sub/here.txt", "found");
    const { stdout } = await sandbox.runLua(
      `
task({ name = "a", workdir = "sub", command = "cat here.txt" })
task({ name = "b", workdir = "sub", command = function(this) print(fs.read("here.txt"), this.workdir:match("sub$")) end })`,
      [],
      PATH,
    );
    expect(stdout).toBe("foundfound\tsub\n");
  });

  test("a workdir that is not there fails the task alone", async () => {
    const { stderr } = await run(
      `task({ name = "a", workdir = "nope", command = "true" }) task({ name = "b", command = "true" })`,
      ["-k"],
    );
    expect(ends(stderr)).toEqual(["✗ a", "✓ b"]);
    expect(stderr).toContain('a failed: Cannot work in "');
  });

  test("artifacts are handed to the folder of the task that consumes them", async () => {
    using sandbox = createSandbox();
    for (const folder of ["one/x", "two/x"]) sandbox.write(folder, "");
    const { stdout, stderr } = await sandbox.runLua(
      `
task({ name = "use", workdir = "two", consumes = "*.txt", command = "cat out.txt" })
task({ name = "make", workdir = "one", artifacts = "out.txt", command = "echo made > out.txt" })
task({ name = "none", artifacts = { "missing.bin" }, command = "true" })`,
      ["-k"],
      PATH,
    );
    expect(stdout).toBe("made\n");
    expect(ends(stderr)).toEqual(["✓ make", "✓ use", "✗ none"]);
    expect(stderr).toContain('none failed: its artifact "missing.bin" is missing');
  });

  test("tags choose tasks with what they need", async () => {
    const file = `
task({ name = "a", command = "true" })
task({ name = "b", tags = { "web", "slow" }, depends_on = "a", command = "true" })
task({ name = "c", tags = "db", command = "true" })`;
    expect(ends((await run(file, ["--tag", "web"])).stderr)).toEqual(["✓ a", "✓ b"]);
    const { stderr, exitCode } = await run(file, ["--tag", "wbe"]);
    expect(stderr).toBe('Cannot find what is tagged "wbe": no task is. Did you mean "web"?\n');
    expect(exitCode).toBe(3);
    using sandbox = createSandbox();
    sandbox.write("script.lua", file);
    const listed = await sandbox.run(["list", "script.lua", "--tag", "wbe"]);
    expect(listed.stderr).toBe('No task is tagged wbe. Did you mean "web"?\n');
  });

  test("a message that is no text is shown as it would be in the log", async () => {
    const { stderr } = await run(
      `task({ name = "a", run = function() return false, { a = 1 } end })
task({ name = "b", run = function() return nil, "caf\\xe9" end })`,
      ["-k"],
    );
    expect(stderr).toContain("a failed: {a=1}\n");
    expect(stderr).toContain("b failed: caf\\xe9\n");
  });

  test("outputs that cannot be stored fail the task that gives them", async () => {
    const { stderr } = await run(
      `task({ name = "a", command = function() return { f = print } end }) task({ name = "b", command = "true" })`,
      ["-k"],
    );
    expect(stderr).toContain('a failed: Cannot store "outputs": outputs.f is a function');
    expect(ends(stderr)).toEqual(["✗ a", "✓ b"]);
  });

  test("a command that does not exist is named so", async () => {
    const { stderr } = await run(`task({ name = "a", command = "no-such-program" })`);
    expect(stderr).toContain("exit code 127 (the shell found no such command)");
  });
});

describe("what need not run", () => {
  test("once is skipped when it ever succeeded, and tried again when it did not", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", `task({ name = "a", once = "k", command = "echo ran; test -e ok" })`);
    const first = await sandbox.run(["run", "script.lua"], PATH);
    expect(first.exitCode).toBe(1);
    sandbox.write("ok", "");
    expect((await sandbox.run(["run", "script.lua"], PATH)).stdout).toBe("ran\n");
    const third = await sandbox.run(["run", "script.lua"], PATH);
    expect(third.stdout).toBe("");
    expect(third.stderr).toContain('skipped: done before (once "k")');
    await sandbox.runLua('print(state.forget("k"))');
    sandbox.write("script.lua", `task({ name = "a", once = "k", command = "echo again" })`);
    expect((await sandbox.run(["run", "script.lua"], PATH)).stdout).toBe("again\n");
  });

  test("sources and generates are compared by content", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `task({ name = "a", sources = "*.in", generates = "out", command = "cat *.in > out" })`,
    );
    sandbox.write("x.in", "1");
    const again = async () => {
      const { stderr } = await sandbox.run(["run", "script.lua"], PATH);
      const { stdout } = await sandbox.run(["list", "script.lua", "--status", "-o", "json"], PATH);
      return [ends(stderr)[0], JSON.parse(stdout)[0].reason];
    };
    expect(await again()).toEqual(["✓ a", "up to date"]);
    expect(await again()).toEqual(["– a", "up to date"]);
    sandbox.write("x.in", "1");
    expect(await again()).toEqual(["– a", "up to date"]);
    sandbox.write("y.in", "2");
    const { stdout } = await sandbox.run(["run", "script.lua", "--explain"], PATH);
    expect(stdout).toContain("its sources have changed");
    expect(await again()).toEqual(["✓ a", "up to date"]);
    rmSync(join(sandbox.work, "out"));
    expect((await sandbox.run(["list", "script.lua", "--status"], PATH)).stdout).toContain("out is missing");
    expect(await again()).toEqual(["✓ a", "up to date"]);
  });

  test("--dry-run shows the plan, runs nothing and writes nothing", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `task({ name = "b", depends_on = "a", command = "touch ran" }) task({ name = "a", run_if = "touch ran", command = "touch ran" })`,
    );
    const { stdout, exitCode } = await sandbox.run(["run", "script.lua", "--dry-run"], PATH);
    expect(stdout).toMatch(
      /^TASK +AFTER +RUNS +BECAUSE\na +– +perhaps +run_if decides by running "touch ran"\nb +a +yes /,
    );
    expect(exitCode).toBe(0);
    expect(existsSync(join(sandbox.work, "ran"))).toBe(false);
    expect(existsSync(join(sandbox.home, ".sloth-runner"))).toBe(false);
  });
});

describe("running side by side", () => {
  // Each waits for the other: one at a time, neither would end.
  const meet = (name: string, other: string, options = "") =>
    `task({ name = "${name}", timeout = "10s", ${options} command = "touch ${name}; while ! test -e ${other}; do sleep 0.01; done" })`;

  test("--jobs runs as many at the same time", async () => {
    const { exitCode } = await run(`${meet("a", "b")} ${meet("b", "a")}`, ["--jobs", "2"]);
    expect(exitCode).toBe(0);
  });

  test("async tasks overlap with others one at a time", async () => {
    const { exitCode } = await run(`${meet("a", "b", "async = true,")} ${meet("b", "a")}`);
    expect(exitCode).toBe(0);
  });

  test("functions that wait let others run in the same VM", async () => {
    const { exitCode } = await run(
      `
local seen = {}
local function meet(other) return function(this)
  seen[this.name] = true
  while not seen[other] do time.sleep(0.001) end
end end
task({ name = "a", timeout = "10s", command = meet("b") })
task({ name = "b", timeout = "10s", command = meet("a") })`,
      ["-j", "2"],
    );
    expect(exitCode).toBe(0);
  });

  test("one at a time is the order of declaration", async () => {
    const { stdout } = await run(`for i = 1, 5 do task({ name = "t" .. i, command = "echo " .. i }) end`);
    expect(stdout).toBe("1\n2\n3\n4\n5\n");
  });

  test("a lock keeps two tasks apart, and fences what they write", async () => {
    const { stdout, exitCode } = await run(
      `
local inside = 0
local function work(this)
  inside = inside + 1
  assert(inside == 1)
  time.sleep(0.02)
  state.set("by", this.name)
  assert(state.is_locked("l"))
  inside = inside - 1
end
for i = 1, 3 do task({ name = "t" .. i, lock = "l", command = work }) end
task({ name = "last", depends_on = { "t1", "t2", "t3" }, command = function() print(state.is_locked("l")) end })`,
      ["--jobs", "3"],
    );
    expect(exitCode).toBe(0);
    expect(stdout).toBe("false\n");
  });

  test.each([
    ["--jobs", "0"],
    ["--jobs", "many"],
    ["--timeout", "soon"],
  ])("%s %s is refused", async (option, value) => {
    const { stderr, exitCode } = await run("task({ name = 'a' })", [option, value]);
    expect(stderr).toStartWith(`Cannot use "${option} ${value}": expected`);
    expect(exitCode).toBe(2);
  });
});

describe("what is shown", () => {
  const FILE = `
task({ name = "a", command = "echo a1; sleep 0.05; echo a2" })
task({ name = "b", command = function() print("b1") log.info("b2") end })`;

  test("an own line begins on a line of its own where stdout and stderr are the same file", async () => {
    for (const grouping of ["interleaved", "grouped"]) {
      using sandbox = createSandbox();
      sandbox.write(
        "script.lua",
        'io.write("top") task({ name = "a", command = "printf one" }) task({ name = "b", command = "printf two >&2" })',
      );
      const options = `run script.lua --log-output ${grouping}`;
      const child = Bun.spawn(["sh", "-c", `"${sandbox.binary}" ${options} > shared 2>&1; cat shared`], {
        cwd: sandbox.work,
        env: { HOME: sandbox.home, PATH: process.env.PATH ?? "" },
      });
      const shown = await new Response(child.stdout).text();
      expect(shown).toMatch(/^top\nrunner · .*\n\none\n {2}✓ a .*\ntwo\n {2}✓ b .*\n\n2 tasks in /);
      const { stdout } = await sandbox.run(["run", "script.lua", "--log-output", grouping], PATH);
      expect(stdout).toBe("topone");
    }
  });

  test("--log-output grouped holds back until a task has ended", async () => {
    const { stdout } = await run(FILE, ["-j", "2", "--log-output", "grouped"]);
    expect(stdout).toBe("b1\na1\na2\n");
  });

  test("--log-output prefixed puts the task before each line", async () => {
    const { stdout, stderr } = await run(FILE, ["--log-output=prefixed"]);
    expect(stdout).toBe("a │ a1\na │ a2\nb │ b1\n");
    expect(stderr).toContain("b │ info  b2\n");
  });

  test("--log-output and -o json know whose every line is, also on stderr and of commands", async () => {
    const each = (name: string) => `
task({ name = "${name}", command = function()
  io.stderr:write("${name} own\\n")
  time.sleep(0.01)
  os.execute("echo ${name} execute >&2")
  io.popen("echo ${name} read >&2"):close()
  local writer = io.popen("cat >&2", "w")
  writer:write("${name} write\\n")
  writer:close()
end })`;
    const file = each("a") + each("b");
    const { stderr } = await run(file, ["--log-output", "prefixed", "-q", "-j", "2"]);
    const lines = (name: string) =>
      ["own", "execute", "read", "write"].map((word) => [name, `${name} ${word}`]);
    const shown = stderr
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" │ "));
    expect(shown.toSorted()).toEqual([...lines("a"), ...lines("b")].toSorted());
    const { stdout } = await run(file, ["-o", "json", "-j", "2"]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const told = events.filter(({ event }) => event === "output");
    expect(told.map(({ task, text }) => [task, text.trimEnd()]).toSorted()).toEqual(shown.toSorted());
    expect(told.every(({ stream }) => stream === "stderr")).toBe(true);
  });

  test("a question is shown before its answer is read", async () => {
    using sandbox = createSandbox();
    const ask = 'io.stderr:write("Name? ") io.write("> ") print("hello " .. io.read())';
    sandbox.write("script.lua", `task({ name = "a", command = function() ${ask} end })`);
    const running = sandbox.spawn(["run", "script.lua"], { openStdin: true });
    await running.untilStderr("Name? ");
    await running.untilStdout("> ");
    running.stdin.write("you\n");
    expect((await running.finished).stdout).toBe("> hello you\n");
  });

  test("--quiet shows what tasks print, and failures", async () => {
    expect(await run(FILE, ["--quiet"])).toMatchObject({ stdout: "a1\na2\nb1\n", stderr: "info  b2\n" });
    const { stderr } = await run("task({ name = 'a', command = 'exit 2' })", ["-q"]);
    expect(stderr).toMatch(
      /^\na failed: the command ended with exit code 2\nTake it up again after the fix: runner run --resume \w+\n$/,
    );
  });

  test("a failure shows the last line that the task printed", async () => {
    const { stderr } = await run("task({ name = 'a', command = 'echo one; echo two; exit 1' })");
    expect(stderr).toContain("  last output:  two\n");
  });

  test("-o json says the end also of a failed run", async () => {
    const { stdout, exitCode } = await run(
      "task({ name = 'a', retries = 1, retry_delay = 0.001, command = 'exit 1' })",
      ["-o", "json"],
    );
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual([
      "run_started",
      "task_started",
      "task_retries",
      "task_ended",
      "run_ended",
    ]);
    expect(events.at(-1)).toMatchObject({ failed: 1, exit_code: 1 });
    expect(exitCode).toBe(1);
  });
});

describe("values", () => {
  test("come from files, deeply merged, then from --env and --set", async () => {
    using sandbox = createSandbox();
    sandbox.write("a.yaml", "db: { host: one, port: 1 }\nlist: [1, [2], { x: 3 }]\nnothing: null\n");
    sandbox.write("b.toml", '[db]\nport = 2\nname = "n"\n');
    sandbox.write("c.json", '{"list": ["only"], "deep": {"a": {"b": true}}}');
    sandbox.write("values.prod.yaml", "db: { host: prod }\nenv: prod\n");
    const script = `print(values.db.host, values.db.port, values.db.name, #values.list, values.list[1], values.deep.a.b, values.nothing, values.env)`;
    const files = ["--values", "a.yaml", "--values", "b.toml", "--values", "c.json"];
    const { stdout } = await sandbox.runLua(script, [...files, "--set", "db.host=set"]);
    expect(stdout).toBe("set\t2\tn\t1\tonly\ttrue\tnil\tnil\n");
    expect(
      (await sandbox.runLua(script, ["--values", "b.toml", "--values", "c.json", "--env", "prod"])).stdout,
    ).toStartWith("prod\t2\tn");
  });

  test.each([
    [["--values", "nope.yaml"], 3, 'nope.yaml": there is no such file.\n'],
    [["--values", "bad.json"], 5, 'bad.json": line 1, column 2: '],
    [["--values", "list.yaml"], 5, "it holds no table of names and values"],
    [["--values", "x.ini"], 5, "it is not .yaml, .toml or .json"],
    [["--env", "nope"], 3, 'Cannot use "--env nope": there is no values.nope.yaml'],
    [["--values", "folder.yaml"], 5, 'folder.yaml": it is a folder.\n'],
    [["--values", "two.yaml"], 5, 'two.yaml": it has 2 documents. Make each of them a file of its own.\n'],
    [["--values", "names.yaml"], 5, 'names.yaml": its name 1 is no text. Put it in quotes.\n'],
    [["--values", "lists.yaml", "--set", "a.c.1=7"], 2, 'Cannot use "--set a.c.1=7": a.c is a list'],
  ])("%p is refused", async (args, code, said) => {
    using sandbox = createSandbox();
    sandbox.write("bad.json", "{");
    sandbox.write("list.yaml", "- 1\n");
    sandbox.write("two.yaml", "a: 1\n---\nb: 2\n");
    sandbox.write("names.yaml", "1: x\nb: y\n");
    sandbox.write("lists.yaml", "a: { c: [1, 2] }\n");
    mkdirSync(join(sandbox.work, "folder.yaml"));
    const { stderr, exitCode } = await sandbox.runLua("print(1)", args);
    expect(stderr).toContain(said);
    expect(exitCode).toBe(code);
  });

  test.each([
    ["yaml", "big: 9007199254740993\nwhole: 1.0\nnested:\n  - [1, { deep: true }]\n"],
    ["toml", "big = 9007199254740993\nwhole = 1.0\nnested = [[1, { deep = true }]]\n"],
    ["json", '{"big": 9007199254740993, "whole": 1.0, "nested": [[1, {"deep": true}]]}'],
  ])("of a .%s file keep integers whole and floats floats", async (ending, content) => {
    using sandbox = createSandbox();
    sandbox.write(`v.${ending}`, content);
    const { stdout } = await sandbox.runLua(
      "print(values.big, values.whole, #values.nested[1], values.nested[1][2].deep)",
      ["--values", `v.${ending}`],
    );
    expect(stdout).toBe("9007199254740993\t1.0\t2\ttrue\n");
  });

  test("values.require() finds one inside of another by its path", async () => {
    const script = 'print(values.require("db.host"), pcall(values.require, "db.port"))';
    const { stdout } = await run(script, ["--set", "db.host=x"]);
    expect(stdout).toStartWith(
      'x\tfalse\tCannot find the value "db.port": it was not given. Add --set db.port=',
    );
  });

  test("one that is missing is named with file and line", async () => {
    const { stderr } = await run("\nprint(values.require('version'))");
    expect(stderr).toContain('script.lua:2: Cannot find the value "version"');
  });
});

describe("what is known before a run", () => {
  const explain = async (sandbox: ReturnType<typeof createSandbox>, more: readonly string[] = []) => {
    const { stdout } = await sandbox.run(["run", "script.lua", "--explain", "-o", "json", ...more], PATH);
    const found: { task: string; runs: boolean | null; reason: string }[] = JSON.parse(stdout);
    return Object.fromEntries(found.map(({ task, runs, reason }) => [task, [runs, reason]]));
  };

  test("a task whose sources another one may make again is perhaps up to date", async () => {
    using sandbox = createSandbox();
    const source = `
task({ name = "gen", sources = "in", generates = "gen.*", command = "cat in > gen.txt" })
task({ name = "use", sources = "gen.txt", depends_on = "gen", command = "true" })
task({ name = "dark", command = "true" })
task({ name = "after", sources = "in", depends_on = "dark", command = "true" })`;
    sandbox.write("in", "1");
    await sandbox.runLua(source, [], PATH);
    expect(await explain(sandbox)).toMatchObject({
      gen: [false, "up to date"],
      use: [false, "up to date"],
      after: [null, "up to date, unless dark changes its sources"],
    });
    sandbox.write("in", "2");
    expect(await explain(sandbox)).toMatchObject({
      gen: [true, "its sources have changed"],
      use: [null, "up to date, unless gen changes its sources"],
    });
    const { stdout } = await sandbox.run(["list", "script.lua", "--status"], PATH);
    expect(stdout).toMatch(/use +gen +perhaps/);
    sandbox.write("script.lua", source.replace("cat in", "cat  in"));
    expect((await explain(sandbox)).gen).toEqual([true, "its definition has changed"]);
  });

  test("durations are exact", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      'task({ name = "a", timeout = "1h30m", command = "true" }) task({ name = "b", timeout = 0.25, command = "true" })',
    );
    expect(await explain(sandbox)).toEqual({
      a: [true, "it always runs, 1 h 30 min at most"],
      b: [true, "it always runs, 250 ms at most"],
    });
  });

  test("next_if_fail of a task that takes no part is not met", async () => {
    using sandbox = createSandbox();
    const file = `
task({ name = "a", command = "false" })
task({ name = "ok", command = "true" })
task({ name = "c", next_if_fail = "a", depends_on = "ok", command = "echo c" })`;
    const { stdout, stderr, exitCode } = await sandbox.runLua(file, ["c"], PATH);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
    expect(stderr).toContain('skipped: "a" is not part of this run');
    expect((await explain(sandbox, ["c"])).c).toEqual([false, '"a" is not part of this run']);
    expect((await explain(sandbox)).c).toEqual([null, "only if a fails"]);
  });
});

describe("a task that need not run", () => {
  test.each(['once = "k"', 'sources = "script.lua"'])(
    "with %s gives what its last success gave",
    async (option) => {
      using sandbox = createSandbox();
      const file = `
task({ name = "o", ${option}, command = function() return { o = 7.0 } end })
task({ name = "use", depends_on = "o", command = function(_, _, deps) print(deps.o.o) end })`;
      expect((await sandbox.runLua(file, [], PATH)).stdout).toBe("7.0\n");
      const again = await sandbox.runLua(file, [], PATH);
      expect(again.stdout).toBe("7.0\n");
      expect(again.stderr).toContain("1 skipped");
    },
  );
});

test("on_start that raises fails the tasks of its workflow, and with -k no others", async () => {
  using sandbox = createSandbox();
  const file = `
workflow.define("w", { on_start = function() error("no") end, tasks = { { name = "a", command = "echo a" } } })
task({ name = "b", command = "echo b" })`;
  expect((await sandbox.runLua(file, [], PATH)).stdout).toBe("");
  const { stdout, stderr, exitCode } = await sandbox.runLua(file, ["-k"], PATH);
  expect({ stdout, exitCode }).toEqual({ stdout: "b\n", exitCode: 1 });
  expect(stderr).toContain('on_start of "w" raised:');
});
