import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { untilEnded } from "../helpers/alive.ts";
import { createSandbox } from "../helpers/binary.ts";

/** What a script may do to outlast its timeout. */
const ENDLESS = [
  "while true do end",
  "while true do pcall(function() end) end",
  "while true do pcall(error) end",
  "while true do pcall(time.sleep, 0) end",
  "local function f() return pcall(f) end while true do f() end",
  "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
  "coroutine.wrap(function() while true do end end)()",
  "local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
  "table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, math.maxinteger)",
  "load(function() return 'x = 1 ' end)",
  "pcall(tostring, setmetatable({}, {__tostring = function() while true do end end}))",
  "while true do coroutine.wrap(function() pcall(error) end)() end",
  "table.sort({3, 2, 1}, function() while true do end end)",
  'string.gsub("aaa", "a", function() while true do pcall(error) end end)',
  "async.spawn(function() while true do end end):await()",
  "while true do pcall(async.timeout, 10, function() while true do end end) end",
  'exec.run("yes", { on_line = function() while true do end end })',
  "state.transaction(function() while true do end end)",
  "state.with_lock('l', function() while true do pcall(error) end end)",
];

describe("a task with a timeout", () => {
  test.each(ENDLESS)("is ended although it does %s, and the store is intact", async (body) => {
    using sandbox = createSandbox();
    const source = `task{ name = "h", timeout = "200ms", run = function() state.set("kept", 1) ${body} end }`;
    const { stderr, exitCode } = await sandbox.runLua(source);
    expect({ exitCode, ended: stderr.includes("it took longer than its timeout of 0.2 s") }).toEqual({
      exitCode: 1,
      ended: true,
    });
    expect((await sandbox.run(["state", "get", "kept"])).stdout).toBe("1\n");
  });
});

describe("a timeout", () => {
  const source = `local x <close> = setmetatable({}, { __close = function() while true do end end }) error("x")`;

  test("of the run that strikes while variables are closed after an error is told as the timeout", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(source, ["--timeout", "200ms"]);
    expect({ exitCode, told: stderr.includes("it took longer than 0.2 s") }).toEqual({
      exitCode: 124,
      told: true,
    });
  });

  test("of a task that strikes while variables are closed after an error is told as the timeout", async () => {
    using sandbox = createSandbox();
    const task = `task{ name = "h", timeout = "200ms", run = function() ${source} end }`;
    const { stderr, exitCode } = await sandbox.runLua(task);
    const told = stderr.includes("it took longer than its timeout of 0.2 s");
    expect({ exitCode, told }).toEqual({ exitCode: 1, told: true });
  });
});

describe("async.timeout", () => {
  test.each(["", "time.sleep(0.01)", "async.spawn(function() end):await()"])(
    "ends the process when a pattern outlasts it, also after %p",
    async (before) => {
      using sandbox = createSandbox();
      const body = `${before} string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")`;
      const { stderr, exitCode } = await sandbox.runLua(`async.timeout(0.2, function() ${body} end)`);
      const told = stderr.includes(
        "Cannot finish a call of async.timeout: it took longer than 0.2 s, and Lua is inside",
      );
      expect({ exitCode, told }).toEqual({ exitCode: 124, told: true });
    },
  );

  test("leaves the process alone for what others compute while its function waits", async () => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua(`
      local waiting = async.spawn(pcall, async.timeout, 0.01, time.sleep, 60)
      string.find(("a"):rep(62), (".-"):rep(5) .. "b")
      print(select(2, waiting:await()).code)`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "timeout\n" });
  });
});

/** What no hook of Lua's can end: it runs no instruction, or none that hooks are called for. */
const HANGING = [
  'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")',
  'pcall(string.find, ("a"):rep(5e5), (".-"):rep(50) .. "b")',
  'string.gsub(("a"):rep(5e5), (".-"):rep(50) .. "b", "")',
  'for _ in string.gmatch(("a"):rep(5e5), (".-"):rep(50) .. "b") do end',
  "setmetatable({}, { __gc = function() while true do end end }) collectgarbage()",
  "local t <close> = setmetatable({}, { __close = function() string.find(('a'):rep(5e5), ('.-'):rep(50) .. 'b') end }) time.sleep(60)",
  "table.move({}, 1, math.maxinteger - 1, 2, {})",
];

describe("a task with a timeout whose code nothing in Lua can interrupt", () => {
  test.each(HANGING)(
    "is ended with the whole run although it does %s, and the store is intact",
    async (body) => {
      using sandbox = createSandbox();
      const source = `task{ name = "h", timeout = "100ms", run = function() state.set("kept", 1) ${body} end }`;
      const { stderr, exitCode } = await sandbox.runLua(source);
      const ended =
        /Cannot stop task "h": it took longer than its timeout of 0.1 s, and Lua is inside|h failed: it took longer than its timeout/;
      expect({ exitCode, ended: ended.test(stderr) }).toEqual({ exitCode: 1, ended: true });
      expect((await sandbox.run(["state", "get", "kept"])).stdout).toBe("1\n");
      expect((await sandbox.run(["state", "verify"])).exitCode).toBe(0);
    },
  );

  test.each([
    ["a task", "h", "100ms", [], 1, "it took longer than its timeout of 0.1 s"],
    ["the run", "h", undefined, ["--timeout", "200ms"], 124, "the whole run took longer than 0.2 s"],
  ] as const)(
    "is journaled and told of as what it was: %s",
    async (_, name, timeout, args, code, message) => {
      using sandbox = createSandbox();
      const source = `
      task{ name = "first", run = function() return true end }
      task{ name = "${name}", depends_on = "first", timeout = ${JSON.stringify(timeout) ?? "nil"}, run = function()
        io.write("no line") ${HANGING[0]}
      end }
      task{ name = "after", depends_on = "${name}", run = function() end }`;
      const { stdout, exitCode } = await sandbox.runLua(source, ["-o", "json", ...args]);
      expect(exitCode).toBe(code);
      const events: Record<string, unknown>[] = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(events.slice(-2)).toMatchObject([
        { event: "task_ended", task: name, status: "failed", message, attempts: 1 },
        { event: "run_ended", done: 1, skipped: 0, failed: 1, problems: [], exit_code: code },
      ]);
      const { stdout: journal } = await sandbox.run(["runs", "show", String(events[0]?.run), "-o", "json"]);
      expect(JSON.parse(journal)).toMatchObject({
        status: "failed",
        exit_code: code,
        tasks: [
          { name: "first", status: "ok" },
          { name, status: "failed", message },
        ],
      });
      expect((await sandbox.run(["state", "verify"])).exitCode).toBe(0);
    },
  );

  test("can be resumed, and another task that only computes is no reason to end anything", async () => {
    using sandbox = createSandbox();
    const source = `
      task{ name = "first", run = function() state.increment("first") end }
      task{ name = "hangs", depends_on = "first", timeout = "100ms", run = function()
        if not fs.exists("mended") then string.find(("a"):rep(5e5), (".-"):rep(50) .. "b") end
      end }`;
    expect((await sandbox.runLua(source)).exitCode).toBe(1);
    sandbox.write("mended", "");
    expect((await sandbox.run(["run", "--resume"])).exitCode).toBe(0);
    expect((await sandbox.run(["state", "get", "first"])).stdout).toBe("1\n");

    const computing = `
      task{ name = "waits", timeout = "100ms", run = function() time.sleep(60) end }
      task{ name = "computes", run = function() local from = os.clock() repeat until os.clock() - from > 1.5 state.set("done", 1) end }`;
    const { stderr, exitCode } = await sandbox.runLua(computing, ["--jobs", "2", "--keep-going"]);
    expect({ exitCode, failed: stderr.includes("waits failed: it took longer than its timeout") }).toEqual({
      exitCode: 1,
      failed: true,
    });
    expect((await sandbox.run(["state", "get", "done"])).stdout).toBe("1\n");
  });
});

describe("a run with a timeout", () => {
  test.each([
    ["its top level", 'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")', "Cannot finish "],
    [
      "a task",
      'task{ name = "h", run = function() string.find(("a"):rep(5e5), (".-"):rep(50) .. "b") end }',
      "Cannot stop the run: ",
    ],
  ])("ends with 124 although %s hangs", async (_, source, message) => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(source, ["--timeout", "100ms"]);
    expect({ exitCode, named: stderr.includes(message) }).toEqual({ exitCode: 124, named: true });
  });
});

describe("a signal", () => {
  const starting = `async.spawn(function()
      exec.run("echo $$ > group; sleep 60 & echo $! > child; wait")
    end)
    while not (fs.exists("child") and fs.read("child") ~= "") do time.sleep(0.001) end
    print("ready")`;
  const hangs: [how: string, body: string, signal: NodeJS.Signals, exitCode: number][] = [
    ["in a pattern", 'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")', "SIGINT", 130],
    ["in a pattern", 'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")', "SIGTERM", 143],
    ["in a pattern", 'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")', "SIGKILL", 137],
    ["in a loop", "while true do pcall(error) end", "SIGINT", 130],
  ];
  test.each(hangs)(
    "ends a script that hangs %s (%#), and its commands with it",
    async (_, body, signal, code) => {
      using sandbox = createSandbox();
      sandbox.write("script.lua", `${starting} ${body}`);
      const running = sandbox.spawn(["run", "script.lua"], { env: { PATH: process.env.PATH ?? "" } });
      await running.untilStdout("ready");
      running.kill(signal);
      expect((await running.finished).exitCode).toBe(code);
      const pid = (name: string) => Number(readFileSync(join(sandbox.work, name), "utf8"));
      await Promise.all([untilEnded(pid("group")), untilEnded(pid("child"))]);
    },
  );

  test("and the watchdog leave no command behind", async () => {
    using sandbox = createSandbox();
    const body = `${starting} string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")`;
    const source = `task{ name = "h", timeout = "1s", run = function() ${body} end }`;
    const { exitCode } = await sandbox.runLua(source, [], { env: { PATH: process.env.PATH ?? "" } });
    expect(exitCode).toBe(1);
    const pid = (name: string) => Number(readFileSync(join(sandbox.work, name), "utf8"));
    await Promise.all([untilEnded(pid("group")), untilEnded(pid("child"))]);
  });
});

describe("a hostile script", () => {
  const failing: [what: string, source: string, message: string][] = [
    ["that fills the memory", 'local s = "x" while true do s = s .. s end', "not enough memory"],
    ["that recurses without end", "local function f() return f() + 1 end f()", "stack overflow"],
    [
      "whose error does not end to say what it is",
      "error(setmetatable({}, { __tostring = function() while true do pcall(error) end end }))",
      "an error object whose __tostring does not end",
    ],
    [
      "that takes all of its globals away",
      'local error = error for name in pairs(_G) do if name ~= "_G" then _G[name] = nil end end error("said")',
      "script.lua:1: said",
    ],
    [
      "whose __tostring gives no text",
      "print(setmetatable({}, { __tostring = function() return {} end }))",
      "script.lua:1: '__tostring' must return a string",
    ],
    [
      "whose __close calls make others",
      "local function make() return setmetatable({}, { __close = function() local y <close> = make() end }) end local x <close> = make()",
      "stack overflow",
    ],
    [
      "whose metamethods have no end",
      "local m = {} m.__concat = function(a, b) return a .. b end local t = setmetatable({}, m) return t .. t",
      "stack overflow",
    ],
    ["that compiles what nests without end", 'error(select(2, load(("("):rep(1e6))))', "stack overflow"],
    [
      "that stores __proto__ and constructor reaches nothing by them",
      'local t = json.decode(\'{"__proto__":{"polluted":1}}\') state.set("t", t) assert(state.get("t").__proto__.polluted == 1) assert(({}).polluted == nil) error("done")',
      "done",
    ],
  ];
  test.each(failing)("%s fails with an error and no more", async (_, source, message) => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(source);
    expect({ exitCode, named: stderr.includes(message), stack: /\n\s+at /.test(stderr) }).toEqual({
      exitCode: 1,
      named: true,
      stack: false,
    });
  });

  test("that fills the memory which lua.memory allows fails alone, and the message says so", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "lua: { memory: 32MiB }");
    const source = `
      task{ name = "bomb", run = function() state.set("kept", 1) local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end end }
      task{ name = "caught", run = function() assert(not pcall(function() local s = "x" while true do s = s .. s end end)) end }
      task{ name = "works", run = function() local t = {} for i = 1, 1e5 do t[i] = i end return true, "done", { n = #t } end }`;
    const { stderr, exitCode } = await sandbox.runLua(source, ["--keep-going"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "bomb failed at script.lua:2: not enough memory: Lua may use 32 MiB. Raise lua.memory, or keep less at a time.",
    );
    expect(stderr).toContain("3 tasks in");
    expect(stderr).toContain("2 done, 1 failed");
    expect((await sandbox.run(["state", "get", "kept"])).stdout).toBe("1\n");
  });

  test("finds no way out of the VM", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(`
      local found = {}
      for _, value in ipairs{ print, fs.read, state.get, io.stdout, async.spawn, json.null } do
        for _, key in ipairs{ "constructor", "__proto__", "prototype", "call" } do
          local ok, inner = pcall(function() return value[key] end)
          if ok and inner ~= nil then found[#found + 1] = key end
        end
      end
      print(#found, package.loadlib, debug.getregistry, debug.sethook, (load(string.dump(function() end))))`);
    expect(stdout).toBe("0\tnil\tnil\tnil\tnil\n");
  });
});

test.skipIf(process.platform !== "linux")(
  "a command's time is over also while the Lua of another task computes",
  async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(
      `task{ name = "shell", timeout = "300ms", command = "echo $$ > pid; exec sleep 600" }
    task{ name = "busy", run = function()
      while not fs.exists("pid") or fs.read("pid") == "" do time.sleep(0.01) end
      local gone = "/proc/" .. fs.read("pid"):match("%d+") .. "/cmdline"
      -- Without a wait: nothing but the hook can end the command.
      -- It may go between two looks.
      local ok, text
      repeat ok, text = pcall(fs.read, gone) until not ok or text == ""
      print("ended")
    end }`,
      ["--jobs", "2"],
      { env: { PATH: "/usr/bin:/bin" } },
    );
    expect(stdout).toBe("ended\n");
  },
  60_000,
);
