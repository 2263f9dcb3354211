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
