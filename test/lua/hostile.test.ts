import { describe, expect, test } from "bun:test";
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
