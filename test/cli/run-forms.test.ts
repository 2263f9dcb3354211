import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

/** How each task ended, in order: `✓ name`, `– name`, `✗ name`. */
function ends(stderr: string): string[] {
  return [...stderr.matchAll(/^ {2}([✓–✗]) (\S+)/gm)].map(([, mark, name]) => `${mark} ${name}`);
}

async function run(source: string, args: readonly string[] = []) {
  using sandbox = createSandbox();
  return await sandbox.runLua(source, args);
}

describe("the ways to declare tasks", () => {
  test("task{…} gives its functions this, params and deps", async () => {
    const { stdout } = await run(`
task({ name = "a", run = function() return true, "made", { n = 3 } end })
task({ name = "b", depends_on = "a", params = { p = 1 }, command = function(this, params, deps)
  print(this.name, this.attempt, #this.run_id, this.workdir ~= nil, params.p, deps.a.n)
end })`);
    expect(stdout).toBe("b\t1\t6\ttrue\t1\t3\n");
  });

  test("functions get as many of these as they take, all of them by `...`", async () => {
    const { stdout } = await run(`
task({ name = "none", params = { p = 1 }, run = function() return { n = 3 } end })
task({ name = "one", depends_on = "none", params = { p = 1 }, run = function(this) print(this.name) end })
task({ name = "two", depends_on = "none", params = { p = 1 }, run = function(this, params) print(this.name, params.p) end })
task({ name = "rest", depends_on = "none", params = { p = 1 }, run = function(this, ...)
  local params, deps = ...
  print(this.name, params.p, deps.none.n, select("#", ...))
end, post_exec = function(...) print(select("#", ...), (...).name) end })
TaskDefinitions = { g = { tasks = { { name = "def", params = { p = 2 }, command = function(params) print(params.p) end } } } }`);
    expect(stdout).toBe("one\ntwo\t1\nrest\t1\t3\t2\n3\trest\n2\n");
  });

  test("each is where it was declared, by whatever function of whatever file", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "words.lua",
      `
function nothing(name)
  task(name)
  task({ name = name .. "-table" })
end`,
    );
    const { stderr } = await sandbox.runLua(`import("words.lua")
nothing("a")
task("b")
nothing("c")
load('task("d")', "@e.lua")()
load('task("f")')()
task("g")`);
    expect(stderr.match(/\S+:\d+: task "\S+"/g)?.toSorted()).toEqual([
      '"task("f")"]:1: task "f"',
      'e.lua:1: task "d"',
      'script.lua:3: task "b"',
      'script.lua:7: task "g"',
      'words.lua:3: task "a"',
      'words.lua:3: task "c"',
      'words.lua:4: task "a-table"',
      'words.lua:4: task "c-table"',
    ]);
  });

  test("the builder sets an option a call, several values at once, and needs no build()", async () => {
    const { stderr, stdout } = await run(`
task("c"):command("echo c"):depends_on("a", "b")
task("a"):command(function() print("a") end):tags("x", "y"):build()
task("b", { command = "echo b" })`);
    expect(ends(stderr)).toEqual(["✓ a", "✓ b", "✓ c"]);
    expect(stdout).toBe("a\nb\nc\n");
  });

  test("the builder takes a call without a value for a yes", async () => {
    const { stdout } = await run(`
task("a"):command(function() time.sleep(0.2) print("a") end):async()
task("b"):command("echo b")`);
    expect(stdout).toBe("b\na\n");
    const { stderr, exitCode } = await run(`
task("x"):command("true"):bulid()
task("y"):command("true"):asnyc()
task("z"):command("true"):timeout()
workflow("w"):tasks({}):buidl()`);
    expect(exitCode).toBe(5);
    expect(stderr.trimEnd().split("\n")).toEqual([
      'Cannot load script.lua:2: task "x" has an unknown option "bulid". Did you mean "build"?',
      'Cannot load script.lua:3: task "y" has an unknown option "asnyc". Did you mean "async"?',
      expect.stringContaining('Cannot load script.lua:4: task "z", option "timeout": expected a duration'),
      'Cannot load script.lua:5: workflow "w" has an unknown option "buidl". Did you mean "build"?',
    ]);
  });

  test("workflow.define groups tables and built tasks, the list first and then names in order", async () => {
    const { stderr } = await run(`
local built = task("built"):command("true"):build()
workflow.define("release", { description = "all of it", tasks = {
  { name = "first", command = "true" },
  built,
  zeta = { command = "true" },
  alpha = { command = "true", depends_on = "built" },
} })`);
    expect(ends(stderr)).toEqual(["✓ release.first", "✓ release.built", "✓ release.alpha", "✓ release.zeta"]);
  });

  test("workflow('x'):tasks{…} is the same", async () => {
    const { stderr } = await run(
      `workflow("x"):description("d"):tasks({ { name = "a", command = "true" } }):build()`,
    );
    expect(ends(stderr)).toEqual(["✓ x.a"]);
  });

  test("TaskDefinitions gives its functions params and deps", async () => {
    const { stdout } = await run(`
TaskDefinitions = { pipeline = { description = "d", tasks = {
  { name = "a", command = function(params, deps) print(params.p, deps) return true, "m", { v = 7 } end, params = { p = "q" } },
  b = { depends_on = "a", command = function(params, deps) print(deps.a.v, deps["pipeline.a"].v) end },
} } }`);
    expect(stdout).toMatch(/^q\ttable: \w+\n7\t7\n$/);
  });

  test("`Modern DSLs = {…}` is TaskDefinitions, but not in strings and comments, and lines stay", async () => {
    const { stdout, stderr } = await run(`
-- Modern DSLs = { this is a comment }
print("Modern DSLs = {}", [[
Modern DSLs = {}]])
Modern DSLs = { old = { tasks = { { name = "a", command = function() error("here") end } } } }`);
    expect(stdout).toBe("Modern DSLs = {}\tModern DSLs = {}\n");
    expect(stderr).toContain("old.a failed at script.lua:5: here");
  });

  test("TaskDefinitions counts each time that it is set, in its place, in files that are imported too", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "more.lua",
      `-- More of it.
Modern DSLs = {
  zero = { tasks = {
    z = { command = "true" } } } }`,
    );
    const { stderr } = await sandbox.runLua(`
import("more.lua")
TaskDefinitions = { one = { tasks = { { name = "a", command = "true" } } } }
task({ name = "two", command = "true" })
local kept = TaskDefinitions.one
TaskDefinitions = { one = kept, three = { tasks = { { name = "b", command = "true" } } } }
TaskDefinitions = TaskDefinitions or {}
TaskDefinitions.four = { tasks = { { name = "c", command = "true" } } }`);
    expect(ends(stderr)).toEqual(["✓ zero.z", "✓ one.a", "✓ two", "✓ four.c", "✓ three.b"]);
    const { stdout } = await sandbox.run(["list", "script.lua", "-o", "json"]);
    expect(JSON.parse(stdout).map(({ declared_at }: { declared_at: string }) => declared_at)).toEqual([
      "more.lua:4",
      "script.lua:3",
      "script.lua:4",
      "script.lua:8",
      "script.lua:6",
    ]);
  });

  test("a group's description is listed after the tasks", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `workflow.define("site", { description = "All of it", tasks = { task("page"):command("true"):build() } })`,
    );
    const { stdout } = await sandbox.run(["list", "script.lua"]);
    expect(stdout).toMatch(/^site\.page +–\s*\n\nGROUP +DESCRIPTION\nsite +All of it\n$/m);
  });

  test("TaskDefinitions that declares a task again, or is no table, is an error with its places", async () => {
    const { stderr, exitCode } = await run(`
TaskDefinitions = { g = { tasks = { { name = "a", command = "true" } } } }
TaskDefinitions = { g = { tasks = {
  { name = "a", command = "true" } } } }
TaskDefinitions = 5`);
    expect(stderr.trimEnd().split("\n")).toEqual([
      'Cannot load script.lua:4: task "g.a" is declared already at script.lua:2.',
      "Cannot load script.lua:5: TaskDefinitions is a number, not a table of groups. Set it to a table: TaskDefinitions = { … }.",
    ]);
    expect(exitCode).toBe(5);
  });

  test("TaskDefinitions that is set to nil is forgotten, and in a task it is too late to set it", async () => {
    const { stderr, exitCode } = await run(`
TaskDefinitions = { g = { tasks = { { name = "a", command = "true" } } } }
TaskDefinitions = nil
task({ name = "b", command = function() TaskDefinitions = {} end })`);
    expect(ends(stderr)).toEqual(["✗ b"]);
    expect(stderr).toContain("b failed at script.lua:4: Cannot declare tasks here: the file has been read.");
    expect(exitCode).toBe(1);
  });

  test("TaskDefinitions is found beside globals that a script watches", async () => {
    const { stderr } = await run(`
TaskDefinitions = { g = { tasks = { { name = "a", command = "true" } } } }
setmetatable(_G, { __newindex = function(globals, name, value) rawset(globals, name, value) end })
TaskDefinitions = { h = { tasks = { { name = "b", command = "true" } } } }`);
    expect(ends(stderr)).toEqual(["✓ g.a", "✓ h.b"]);
  });

  test("the forms mix in one file, and relations cross them", async () => {
    const { stderr } = await run(`
task({ name = "one", command = "true" })
task("two"):command("true"):depends_on("g.three")
workflow.define("g", { tasks = { { name = "three", command = "true", depends_on = "one" } } })
TaskDefinitions = { h = { tasks = { { name = "four", command = "true", depends_on = "three" } } } }`);
    expect(ends(stderr)).toEqual(["✓ one", "✓ g.three", "✓ two", "✓ h.four"]);
  });

  test("a group runs by its name, a task by its short name where that is unique", async () => {
    const file = `
workflow.define("g", { tasks = { { name = "a", command = "true" }, { name = "b", command = "true" } } })
workflow.define("h", { tasks = { { name = "b", command = "true" } } })`;
    expect(ends((await run(file, ["g"])).stderr)).toEqual(["✓ g.a", "✓ g.b"]);
    expect(ends((await run(file, ["a"])).stderr)).toEqual(["✓ g.a"]);
    const { stderr, exitCode } = await run(file, ["b"]);
    expect(stderr).toBe('Cannot choose "b": it may be g.b or h.b. Write the whole name.\n');
    expect(exitCode).toBe(2);
  });

  test("uses starts from another table, whose options hold where nothing else is said", async () => {
    const { stdout, stderr } = await run(`
local base = { command = function(this, params) print(this.name, params.who) end, params = { who = "base" } }
local more = { uses = base, description = "more" }
task({ name = "a", uses = more })
task({ name = "b", uses = more, params = { who = "own" } })
TaskDefinitions = { g = { tasks = { c = { uses = { command = "echo c" } } } } }`);
    expect(stdout).toBe("a\tbase\nb\town\nc\n");
    expect(ends(stderr)).toEqual(["✓ a", "✓ b", "✓ g.c"]);
  });

  test("all mistakes of a file are reported together, in the order of their lines", async () => {
    const { stderr, exitCode, stdout } = await run(`print("top")
task({ name = "a", timeot = "1s", retries = -1, timeout = "soon" })
task("b"):depnds_on("a"):command(5)
workflow.define("w", { taks = {}, tasks = {
  { name = "c", depends_on = "nope" },
  { command = "true" },
} })
TaskDefinitions = { g = { tasks = {
  d = { tags = 5 },
  e = "make",
} } }
task({ name = "f", command = "true", delegate_to = "web1", consumes = "x.tar" })`);
    expect(exitCode).toBe(5);
    expect(stdout).toBe("top\n");
    expect(stderr.trimEnd().split("\n")).toEqual([
      'Cannot load script.lua:2: task "a" has an unknown option "timeot". Did you mean "timeout"?',
      'Cannot load script.lua:2: task "a", option "retries": expected a whole number from 0 up, got -1.',
      'Cannot load script.lua:2: task "a", option "timeout": expected a duration such as 30, "30s", "5m", "1h30m" or "30d", got "soon".',
      'Cannot load script.lua:3: task "b" has an unknown option "depnds_on". Did you mean "depends_on"?',
      'Cannot load script.lua:3: task "b", option "command": expected a function or a line for the shell, got 5.',
      'Cannot load script.lua:4: a task has no name. Give it one: name = "…".',
      'Cannot load script.lua:4: workflow "w" has an unknown option "taks". Did you mean "tasks"?',
      'Cannot load script.lua:5: task "w.c" depends on "nope", which is not declared.',
      'Cannot load script.lua:8: the task "e" is "make"; a task is declared by a table with named options.',
      'Cannot load script.lua:9: task "g.d", option "tags": expected a name or a list of names, got 5.',
      'Cannot load script.lua:12: task "f" consumes "x.tar", which is no other task\'s artifact.',
      'Cannot load script.lua:12: task "f" is delegated to "web1", which is not a configured agent. Known is "local", this machine.',
    ]);
  });

  test("a chain of 10,000 tasks runs", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(
      `for i = 1, 10000 do task({ name = "t" .. i, command = function() end, depends_on = i < 10000 and "t" .. (i + 1) or nil }) end`,
      [],
      { env: { RUNNER_STATE_DURABILITY: "normal" } },
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain("10,000 tasks in");
    expect(ends(stderr)[0]).toBe("✓ t10000");
  }, 30_000);
});

describe("the handlers of a workflow", () => {
  test("on_start runs before its tasks and on_complete after, with outputs by name", async () => {
    const { stdout, exitCode } = await run(`
workflow.define("w", {
  version = "1", metadata = { author = "x" },
  on_start = function() print("start") return true end,
  on_complete = function(ok, results) print("complete", ok, results.a.n) return true end,
  tasks = { { name = "a", command = function() print("a") return { n = 4 } end } },
})`);
    expect(stdout).toBe("start\na\ncomplete\ttrue\t4\n");
    expect(exitCode).toBe(0);
  });

  test("on_start that says no stops the run before anything starts", async () => {
    const { stdout, stderr, exitCode } = await run(`
workflow.define("w", { on_start = function() return false, "closed" end,
  tasks = { { name = "a", command = "echo a" }, { name = "b", command = "echo b" } } })`);
    expect(stdout).toBe("");
    expect(stderr).toContain('on_start of "w" said no: closed');
    expect(ends(stderr)).toEqual(["✗ w.a", "– w.b"]);
    expect(exitCode).toBe(1);
  });

  test("on_complete that raises fails the run, and is told of failures", async () => {
    const failing = await run(`
workflow.define("w", { on_complete = function(ok) print("ok", ok) end, tasks = { { name = "a", command = "false" } } })`);
    expect(failing.stdout).toBe("ok\tfalse\n");
    const raising = await run(`
workflow.define("w", { on_complete = function() error("oh") end, tasks = { { name = "a", command = "true" } } })`);
    expect(raising.stderr).toContain('on_complete of "w" raised: script.lua:2: oh');
    expect(raising.exitCode).toBe(1);
  });

  test("config limits and repeats its tasks, and says what has no effect", async () => {
    const { stderr, exitCode } = await run(`
workflow.define("w", { config = { timeout = "200ms", retries = 1, retry_policy = "constant", circuit_breaker = {} },
  tasks = { { name = "a", command = "sleep 100" } } })`);
    expect(stderr).toContain("config.circuit_breaker has no effect");
    expect(stderr).toContain('the tasks of "w" took longer than 0.2 s');
    expect(exitCode).toBe(1);
  });
});

describe("a declared task", () => {
  test("stands for its name among dependencies", async () => {
    const { stderr, exitCode } = await run(`
local a = task("a"):command("true"):build()
local b = task({ name = "b", depends_on = a, command = "true" })
local c = task("c"):depends_on(a, "d"):depends_on({ b, a }):command("true")
workflow.define("w", { tasks = { a, b, c, { name = "d", command = "false" }, { name = "e", next_if_fail = { "d" }, depends_on = { c }, command = "true" } } })`);
    expect(ends(stderr)).toEqual(["✓ w.a", "✓ w.b", "✓ w.c", "✗ w.d", "✓ w.e"]);
    expect(exitCode).toBe(1);
  });

  test("in the place of a command gives it, with its other options, and does not run by itself", async () => {
    const { stdout, stderr } = await run(`
local work = task("work"):params({ who = "world" }):command(function(this, params) print(this.name, params.who) end)
workflow.define("w", { tasks = { greet = { name = "greet", command = work }, again = { run = work, params = { who = "you" } } } })`);
    expect(stdout).toBe("again\tyou\ngreet\tworld\n".replaceAll(/^(?=.)/gm, "w."));
    expect(ends(stderr)).toEqual(["✓ w.again", "✓ w.greet"]);
  });

  test("of TaskDefinitions finds its folder in params.workdir", async () => {
    const { stdout } = await run(
      'TaskDefinitions = { g = { tasks = { { name = "a", workdir = "/", command = function(params) print(params.workdir, params.x) end, params = { x = 1 } } } } }',
    );
    expect(stdout).toBe("/\t1\n");
  });
});
