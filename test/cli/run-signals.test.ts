import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { createSandbox, type Running, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };
const HANGS = 'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")';

/** How the newest run stands in the journal. */
async function statusOf(sandbox: Sandbox): Promise<string | undefined> {
  const [run] = JSON.parse((await sandbox.run(["runs", "-o", "json"])).stdout);
  return run?.status;
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe.if(existsSync("/bin/sh") && process.platform !== "win32")(
  "a signal just before a task computes for ever",
  () => {
    /** The signal comes while its listener is there, which is gone by the time when anybody would tell it. */
    function createSignalled(signal: string, body: string): Sandbox {
      const sandbox = createSandbox();
      sandbox.write(
        "plugins/self.ts",
        `import { definePlugin } from "runner";
export default definePlugin({ name: "self", modules: { self: { signal: { args: [], async run() {
  await new Promise((resolve) => setTimeout(resolve, 1));
  process.kill(process.pid, "${signal}");
} } } } });`,
      );
      sandbox.write("script.lua", `task({ name = "a", run = function() self.signal() ${body} end })`);
      return sandbox;
    }

    test.each([
      ["SIGTERM", 143],
      ["SIGINT", 130],
      ["SIGQUIT", 131],
      ["SIGHUP", 129],
    ])("stops the run: %s", async (signal, code) => {
      using sandbox = createSignalled(signal, "while true do end");
      const { exitCode, stderr } = await sandbox.run(["run", "script.lua"]);
      expect([exitCode, countOf(stderr, "Interrupted. Take it up again")]).toEqual([code, 1]);
      expect(await statusOf(sandbox)).toBe("stopped");
    });

    test("ends -o json with run_ended and the exit code", async () => {
      using sandbox = createSignalled("SIGTERM", "while true do end");
      const { exitCode, stdout } = await sandbox.run(["run", "script.lua", "-o", "json"]);
      expect(exitCode).toBe(143);
      const events = stdout
        .trim()
        .split("\n")
        .map((line): { event: string; exit_code?: number } => JSON.parse(line));
      expect(events.map(({ event }) => event)).toEqual([
        "run_started",
        "task_started",
        "run_interrupted",
        "run_ended",
      ]);
      expect(events.at(-1)?.exit_code).toBe(143);
    });

    test.each([
      ["calls that fail", "while true do pcall(error) end"],
      ["a coroutine of its own", "coroutine.wrap(function() while true do end end)()"],
      ["many coroutines", "while true do coroutine.wrap(function() pcall(error) end)() end"],
      [
        "coroutines that yield nothing",
        "local step = coroutine.wrap(function() while true do coroutine.yield() end end) while true do step() end",
      ],
      [
        "a metamethod",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
      ],
    ])("stops what computes in %s", async (_, body) => {
      using sandbox = createSignalled("SIGTERM", body);
      const { exitCode } = await sandbox.run(["run", "script.lua"]);
      expect(exitCode).toBe(143);
      expect(await statusOf(sandbox)).toBe("stopped");
    });
  },
);

/** Resolves when a process catches (or does not catch any more) a signal. */
async function untilCaught({ pid }: Running, signal: NodeJS.Signals, wanted: boolean): Promise<void> {
  for (;;) {
    const [, mask = "0"] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    const caught = (BigInt(`0x${mask}`) & (1n << BigInt(constants.signals[signal] - 1))) !== 0n;
    if (caught === wanted) return;
    await Bun.sleep(1);
  }
}

describe.if(existsSync("/proc/self/status"))("a signal while a task has been computing", () => {
  test.each([
    ["SIGINT", 130, "while true do end"],
    ["SIGTERM", 143, "while true do pcall(error) end"],
    ["SIGHUP", 129, "while true do coroutine.wrap(function() for i = 1, 1e9 do end end)() end"],
  ] as const)("stops the run: %s", async (signal, code, body) => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", `task({ name = "a", run = function() print("busy") ${body} end })`);
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await running.untilStdout("busy");
    await untilCaught(running, signal, true);
    running.kill(signal);
    const { exitCode, stderr } = await running.finished;
    expect([exitCode, countOf(stderr, "Interrupted. Take it up again")]).toEqual([code, 1]);
    expect(await statusOf(sandbox)).toBe("stopped");
  });

  test.each([
    ["a pattern", HANGS],
    ["a comparator of sort", "table.sort({ 3, 2, 1 }, function() while true do end end)"],
  ])("ends the process when nothing can interrupt %s", async (_, body) => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `task({ name = "a", run = function()
  print("busy")
  repeat until fs.exists("caught")
  ${body}
end })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await running.untilStdout("busy");
    await untilCaught(running, "SIGTERM", true);
    sandbox.write("caught", "");
    await untilCaught(running, "SIGTERM", false);
    running.kill("SIGTERM");
    expect((await running.finished).exitCode).toBe(143);
  });
});

describe("a task that computes for long", () => {
  test("is alone in its VM for as long as it does not wait", async () => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua(
      `
local half, seen, looks = false, 0, 0
local function look() looks = looks + 1 if half then seen = seen + 1 end end
local over = false
task({ name = "waits", run = function() while not over do time.sleep(0.001) look() end end })
task({ name = "timed out", timeout = "30ms", run = function()
  local closes <close> = setmetatable({}, { __close = look })
  time.sleep(60)
end })
task({ name = "follows", run = function()
  exec.run("for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.02; done", { on_line = look })
end })
task({ name = "watches", run = function()
  state.on_change("k", look)
  while not over do time.sleep(0.01) end
end })
task({ name = "computes", run = function()
  time.sleep(0.02)
  state.set("k", 1)
  half = true
  local n = 0
  for i = 1, 3e7 do n = n + i end
  coroutine.wrap(function() for i = 1, 1e7 do n = n + 1 end end)()
  half = false
  over = true
  print(n)
end })
task({ name = "tells", depends_on = { "waits", "computes", "watches" }, run = function() print(seen, looks > 3) end })`,
      ["--jobs", "6", "--keep-going"],
      PATH,
    );
    expect(stdout).toBe("450000025000000\n0\ttrue\n");
    expect(exitCode).toBe(1);
  });

  test("computes what it would without a pause", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr } = await sandbox.runLua(
      `
local function several(n) return n, n + 1, n + 2 end
local function sum(...) local s = 0 for i = 1, select("#", ...) do s = s + (select(i, ...)) end return s end
local add = setmetatable({}, { __add = function(a, b) return sum(several(3)) end, __close = function() end })
local ways = {
  calls = function(i) return sum(several(i)) + sum(i, several(i)) end,
  strings = function(i) return #(i .. "," .. i + 1 .. table.concat({ several(i) }, ";")) end,
  meta = function(i) return (add + i) + i end,
  caught = function(i) return select("#", pcall(error, i)) + sum(select(2, pcall(several, i))) end,
  handled = function(i) return (select(2, xpcall(error, function(e) return sum(several(e)) end, i))) end,
  wrapped = function(i)
    local step = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) coroutine.yield() return sum(several(b)) end)
    return step(i) + select("#", step(i)) + step()
  end,
  closed = function(i) do local x <close> = add end return i end,
  iterated = function(i) local s = 0 for k, v in pairs({ several(i) }) do s = s + k * v end return s end,
  replaced = function(i) return #(("abc"):gsub("%w", function(c) return c .. sum(several(i)) end)) end,
}
local function run(way) local total = 0 for i = 1, 1000 do total = total + way(i) end return total end
local expected = {}
for name, way in pairs(ways) do expected[name] = run(way) end
task({ name = "a", run = function()
  local from = os.clock()
  while os.clock() - from < 1 do
    for name, way in pairs(ways) do
      local got = run(way)
      if got ~= expected[name] then error(name .. ": " .. got .. " for " .. expected[name]) end
    end
  end
  print("equal")
end })`,
      [],
      PATH,
    );
    expect([stdout, stderr.includes("failed")]).toEqual(["equal\n", false]);
  });

  test.each([
    ["in a handler of xpcall", "xpcall(error, function() for i = 1, 3e7 do end return 'handled' end)"],
    [
      "in a comparator of sort",
      "true, #(function() local t = { 2, 1 } table.sort(t, function(a, b) for i = 1, 3e7 do end return a < b end) return t end)()",
    ],
  ])("goes on %s", async (_, expression) => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(
      `task({ name = "a", run = function() print(select(2, ${expression})) print("done") end })`,
      [],
      PATH,
    );
    expect(stdout).toMatch(/^(handled|2)\ndone\n$/);
  });
});
