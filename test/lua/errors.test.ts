import { describe, expect, test } from "bun:test";
import { RunnerError } from "../../src/lib/errors.ts";
import { ScriptError } from "../../src/lua/errors.ts";
import { evaluate, openVm } from "./vm.ts";

/** The error with which a chunk dies. */
async function failure(source: string, vm = openVm()): Promise<ScriptError> {
  try {
    await evaluate(await vm, source);
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  throw new Error("the chunk did not fail");
}

const missing = () => {
  throw new RunnerError("not_found", 'Cannot find "x".');
};

describe("a script's error", () => {
  test("has its reason, position and call stack", async () => {
    const error = await failure(
      "local function check()\n  error('answered 503')\nend\nlocal x = check()\nreturn x",
    );
    expect(error.reason).toBe("answered 503");
    expect(error.position).toMatchObject({ source: "test.lua", line: 2 });
    expect(error.frames).toEqual([
      { source: "test.lua", line: 2, name: "check" },
      { source: "test.lua", line: 4 },
    ]);
    expect(error.message).toBe("test.lua:2: answered 503");
    expect(error.code).toBe("task_failed");
  });

  test("keeps the host's code and gets the line that called", async () => {
    const error = await failure("local a\nt.missing()", openVm({ missing }));
    expect(error).toMatchObject({ code: "not_found", message: 'test.lua:2: Cannot find "x".' });
  });

  test("at level 0 is not given a position twice", async () => {
    expect((await failure("error('bare', 0)")).message).toBe("test.lua:1: bare");
  });

  test("says so when an object without words was raised", async () => {
    expect((await failure("error({})")).reason).toBe("an empty table was raised");
    expect((await failure("error(nil)")).reason).toBe("an error without a message");
    expect(
      (await failure("error(setmetatable({}, {__tostring = function() return 'mine' end}))")).reason,
    ).toBe("mine");
    expect((await failure("error(setmetatable({}, {__tostring = error}))")).reason).toContain(
      "__tostring raises",
    );
  });

  test("of syntax has file and line and is no failure of a task", async () => {
    const error = await failure("local a = 1\nlocal = 2");
    expect(error).toMatchObject({ code: "invalid", position: { source: "test.lua", line: 2 } });
  });

  test("of a bug in the host is told as one", async () => {
    const bug = () => {
      throw new TypeError("undefined is not an object");
    };
    expect((await failure("t.bug()", openVm({ bug }))).code).toBe("bug");
  });

  test("from the script's own coroutine reaches its caller with one position", async () => {
    const error = await failure("local co = coroutine.wrap(function() error('inside') end)\nco()");
    expect(error.message).toContain("inside");
  });

  test("of exhausted memory leaves the VM usable", async () => {
    const vm = await openVm({}, 2 ** 25);
    const error = await failure(
      "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) end",
      Promise.resolve(vm),
    );
    expect(error.reason).toStartWith("not enough memory: Lua may use 32 MiB.");
    expect(await evaluate(vm, "return 1")).toEqual([1]);
  });

  test("of endless recursion is an error, not a crash", async () => {
    expect((await failure("local function f() return f() + 1 end f()")).reason).toContain("stack overflow");
  });
});

describe("the host's errors in Lua", () => {
  test("print, concatenate and convert as their message", async () => {
    const vm = await openVm({ missing });
    const source =
      "local _, e = pcall(t.missing) return tostring(e), 'a: ' .. e, e .. '!', e.code, e.message, e:sub(1, 6)";
    expect(await evaluate(vm, source)).toEqual([
      'Cannot find "x".',
      'a: Cannot find "x".',
      'Cannot find "x".!',
      "not_found",
      'Cannot find "x".',
      "Cannot",
    ]);
  });

  test("raised again keep their code", async () => {
    const error = await failure("local _, e = pcall(t.missing) error(e)", openVm({ missing }));
    expect(error.code).toBe("not_found");
  });
});

describe("load", () => {
  test("refuses binary chunks however they come", async () => {
    const vm = await openVm();
    const source = `
      local binary = string.dump(function() return 1 end)
      return (load(binary)), (load(binary, 'n', 'b')), (load(binary, 'n', 'bt')), (load('return 1', 'n', 'b'))`;
    expect(await evaluate(vm, source)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("takes text, pieces and an environment", async () => {
    const vm = await openVm();
    const source = `
      local pieces = { "return ", "x" }
      local at = 0
      return load("return 7")(), load(function() at = at + 1 return pieces[at] end, "p", "t", { x = 8 })()`;
    expect(await evaluate(vm, source)).toEqual([7, 8]);
  });
});

test("nothing of the host is reachable but values and functions", async () => {
  const vm = await openVm();
  const source = `
    local found = {}
    local function walk(value, seen)
      if type(value) == "userdata" then found[#found + 1] = tostring(value) end
      if type(value) ~= "table" or seen[value] then return end
      seen[value] = true
      for k, v in next, value do walk(k, seen) walk(v, seen) end
      walk(getmetatable(value), seen)
    end
    walk(_G, {})
    return #found, io, package.loadlib, package.cpath, os, debug.getregistry`;
  expect(await evaluate(vm, source)).toEqual([0, undefined, undefined, undefined, undefined, undefined]);
});

describe("memory", () => {
  test("a request of 2 GiB is refused like any other over the limit", async () => {
    const vm = await openVm({}, 2 ** 30);
    const source = "local s = ('x'):rep(3e8) return pcall(string.rep, 'x', 1.9e9)";
    expect(await evaluate(vm, source)).toEqual([false, "not enough memory"]);
    expect(await evaluate(vm, "return 1")).toEqual([1]);
  });

  test("a table that shares its parts cannot blow up the host", async () => {
    const vm = await openVm();
    const source = "local t = {} for _ = 1, 60 do t = {t, t} end return t.x == nil, t";
    const [, value] = await evaluate(vm, source);
    expect(JSON.stringify(value)).toContain("too large");
  });
});
