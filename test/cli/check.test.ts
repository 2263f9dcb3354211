import { describe, expect, test } from "bun:test";
import { createSandbox, type Finished } from "../helpers/binary.ts";

async function check(file: string, args: readonly string[] = []): Promise<Finished> {
  using sandbox = createSandbox();
  sandbox.write("script.lua", file);
  sandbox.write(
    "lib/part.lua",
    "local M = {}\nfunction M.f() return undefned_here end\nset_by_part = 1\nreturn M\n",
  );
  return await sandbox.run(["check", "script.lua", ...args]);
}

describe("runner check", () => {
  test("says that nothing is wrong, and runs no task", async () => {
    const { stdout, exitCode } = await check('task({ name = "a", command = function() error("ran") end })');
    expect({ stdout, exitCode }).toEqual({ stdout: "script.lua: 1 task, nothing wrong\n", exitCode: 0 });
  });

  test("finds globals that nothing sets, in functions that never ran", async () => {
    const { stdout, exitCode } = await check(`#!/usr/bin/env runner
local function unused()
  pritn("x")
  later = 1
  return later, nothing
end
task({ name = "a", command = function()
  local nothing = 1
  return nothing
end })`);
    expect(stdout).toBe(
      'script.lua:3: the global "pritn" is read, but nothing sets it. Did you mean "print"?\n' +
        'script.lua:5: the global "nothing" is read, but nothing sets it.\n',
    );
    expect(exitCode).toBe(5);
  });

  test("finds calls of module functions that do not exist, and lets own tables and values be", async () => {
    const { stdout } = await check(`
own = { a = 1 }
task({ name = "a", command = function(this)
  state.gett("k")
  string.fromat("x")
  own.anything() ; values.whatever() ; values.x = values.y
  return state.get("k", fs.read and 1)
end })`);
    expect(stdout).toBe(
      'script.lua:4: state.gett is called, but there is none. Did you mean "get"?\n' +
        'script.lua:5: string.fromat is called, but there is none. Did you mean "format"?\n',
    );
  });

  test("finds calls with tables and conditions in them; a global that is asked for may be absent", async () => {
    const { stdout } = await check(`
task({ name = "a", command = function()
  table.inser({ 1 }, 1)
  template.rendr{}
  string.fromat(later and "x" or "y", 1 + 1 == 2)
  if prnt then prnt() end
  if type(foo) == "nil" or bar == nil then return foo, bar end
  if state.gett then return 1 end
end })
later = 1`);
    expect(stdout).toBe(
      'script.lua:3: table.inser is called, but there is none. Did you mean "insert"?\n' +
        'script.lua:4: template.rendr is called, but there is none. Did you mean "render"?\n' +
        'script.lua:5: string.fromat is called, but there is none. Did you mean "format"?\n',
    );
  });

  test("follows a local that stands for a module, also into functions, where it is set once", async () => {
    const { stdout } = await check(`
local e, f = exec, require("fs")
local http = require "http"
local part = require("lib.part")
local again = e
task({ name = "a", command = function()
  e.rnu("x")
  again.ruin("y")
  f.reed("z")
  http.gett("u")
  local inner = crypto
  return (function() inner.sha257("x") part.g() part.f() e.run("x") end)(), require("json").encoed({})
end })`);
    expect(stdout.trimEnd().split("\n")).toEqual([
      'script.lua:7: exec.rnu is called, but there is none. Did you mean "run"?',
      'script.lua:8: exec.ruin is called, but there is none. Did you mean "run"?',
      'script.lua:9: fs.reed is called, but there is none. Did you mean "read"?',
      'script.lua:10: http.gett is called, but there is none. Did you mean "get"?',
      expect.stringMatching(
        /^script\.lua:12: crypto\.sha257 is called, but there is none\. Did you mean "sha/,
      ),
      "script.lua:12: lib.part.g is called, but there is none.",
      'script.lua:12: json.encoed is called, but there is none. Did you mean "encode"?',
      'lib/part.lua:2: the global "undefned_here" is read, but nothing sets it.',
    ]);
  });

  test("calls a file invalid whose top level does not end, whatever it computes", async () => {
    for (const endless of [
      "while true do end",
      '(("a"):rep(40)):find(("a?"):rep(40) .. ("a*"):rep(40) .. "b")',
    ]) {
      using sandbox = createSandbox();
      sandbox.write("script.lua", endless);
      const env = { RUNNER_RUN_TIMEOUT: "300ms" };
      const { stdout, stderr, exitCode } = await sandbox.run(["check", "script.lua"], { env });
      expect(stdout + stderr).toContain("script.lua: its top level has not ended after 0.3 s");
      expect(exitCode).toBe(5);
    }
  }, 30_000);

  test("finds calls of globals by _G, and says each once", async () => {
    const { stdout } = await check(`
task({ name = "a", command = function()
  local s = state s.gte("k")
  _G.zzz() _G.print() _G.later() _G.state.get("k")
  if _G.maybe then _G.maybe() end
  _G.mine = print
  _G.mine()
end })
function later() end`);
    expect(stdout).toBe(
      'script.lua:3: state.gte is called, but there is none. Did you mean "get"?\n' +
        "script.lua:4: _G.zzz is called, but there is none.\n",
    );
  });

  test("knows the globals that are set as fields of _G", async () => {
    const { stdout } = await check(`
local globals = _G
task({ name = "a", command = function()
  _G.one = tostring(1)
  _G["two"] = 2
  globals.three = 3
  local own = {}
  own.four = 4
  print(one, two, three, four)
end })`);
    expect(stdout).toBe('script.lua:9: the global "four" is read, but nothing sets it.\n');
  });

  test("does not guess what a local stands for that may be something else", async () => {
    const { stdout } = await check(`
local e, set_inside, self = exec, exec, exec
local either = os.time() > 5 and exec or fs
e = { rnu = 1 }
function exec.mine() end
for _, fs in ipairs({}) do fs.anything() end
local function later(exec) set_inside = {} exec.whatever() end
do local gone = exec end
local other = {}
task({ name = "a", command = function(this)
  e.rnu() set_inside.rnu() either.rnu() exec.mine() this.rnu() other.rnu() later(this)
  exec.later = print
  exec.later()
  local looped = exec
  for i = 1, 2 do looped.rnu(i) looped = other end
end })`);
    expect(stdout).toBe("script.lua: 1 task, nothing wrong\n");
  });

  test("finds globals in functions with hundreds of names", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `"name ${i}"`).join(", ");
    const { stdout } = await check(`
task({ name = "a", command = function()
  local all = { ${names} }
  pritn(all)
  own = 1
  return own, state.gett("x")
end })`);
    expect(stdout).toBe(
      'script.lua:4: the global "pritn" is read, but nothing sets it. Did you mean "print"?\n' +
        'script.lua:6: state.gett is called, but there is none. Did you mean "get"?\n',
    );
  });

  test("looks into files that only a task loads, and those that these load", async () => {
    using sandbox = createSandbox();
    sandbox.write("sub/one.lua", 'local two = import("two.lua")\nreturn function() return wrnog, two end');
    sandbox.write("sub/two.lua", "return missing_too");
    sandbox.write("broken.lua", "return (\n\nx");
    sandbox.write(
      "script.lua",
      'task({ name = "a", command = function() require("sub.one") dofile("broken.lua") require("none") end })',
    );
    const { stdout, exitCode } = await sandbox.run(["check"].concat("script.lua"));
    expect(stdout.trimEnd().split("\n")).toEqual([
      "broken.lua:3: ')' expected (to close '(' at line 1) near <eof>",
      'sub/one.lua:2: the global "wrnog" is read, but nothing sets it.',
      'sub/two.lua:1: the global "missing_too" is read, but nothing sets it.',
    ]);
    expect(exitCode).toBe(5);
  });

  test("looks into files that are required, and knows what they set", async () => {
    const { stdout } = await check('local part = require("lib.part")\nprint(set_by_part, part.f)');
    expect(stdout).toBe('lib/part.lua:2: the global "undefned_here" is read, but nothing sets it.\n');
  });

  test("reports mistakes of declarations and circles, and a syntax error", async () => {
    const wrong = await check(
      'task({ name = "a", depnds_on = "b" })\ntask({ name = "c", depends_on = "d" })',
    );
    expect(wrong.stdout.trimEnd().split("\n").length).toBe(2);
    expect(wrong.exitCode).toBe(5);
    const circle = await check('task({name="a", depends_on="b"}) task({name="b", depends_on="a"})', [
      "-o",
      "json",
    ]);
    expect(JSON.parse(circle.stdout)).toMatchObject({
      ok: false,
      problems: [expect.stringContaining("a → b → a")],
    });
    const syntax = await check("task({");
    expect(syntax.exitCode).toBe(5);
    expect(syntax.stdout + syntax.stderr).toContain("script.lua:1: ");
  });

  test("refuses effects at the top level", async () => {
    const { stdout, stderr, exitCode } = await check('state.set("x", 1)');
    expect(stdout + stderr).toContain("Move the call into a task.");
    expect(exitCode).toBe(5);
  });
});
