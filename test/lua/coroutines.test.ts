import { describe, expect, test } from "bun:test";
import { RunnerError } from "../../src/lib/errors.ts";
import { type HostFunction, SameArgument } from "../../src/modules/module.ts";
import { evaluate, openVm } from "./vm.ts";

/** Waits for a later turn of the event loop and gives its argument back. */
const later: HostFunction = (value) => new Promise((resolve) => setImmediate(() => resolve(value)));
const lose: HostFunction = () => Promise.reject(new RunnerError("lock_lost", "The lease is gone."));

describe("a host function that waits", () => {
  const places: [where: string, source: string, expected: unknown[]][] = [
    ["in a plain call", "return t.later(1), t.later(2)", [1, 2]],
    ["inside pcall", "return pcall(t.later, 3)", [true, 3]],
    [
      "inside a metamethod",
      "return setmetatable({}, {__index = function(_, k) return t.later(k) end}).key",
      ["key"],
    ],
    [
      "inside an iterator",
      "local n = 0 for i in function() n = n + 1 return n < 4 and t.later(n) or nil end do last = i end return last",
      [3],
    ],
    [
      "inside the script's own coroutine",
      "local co = coroutine.wrap(function(a) local b = coroutine.yield(t.later(a)) return t.later(b) end) return co(1), co(2)",
      [1, 2],
    ],
    [
      "two coroutines deep",
      "local function nest(n) if n == 0 then return t.later('deep') end return coroutine.wrap(nest)(n - 1) end return nest(5)",
      ["deep"],
    ],
    [
      "through coroutine.resume",
      "local co = coroutine.create(function() t.later(1) coroutine.yield('y') return 'r' end) local _, a = coroutine.resume(co) local _, b = coroutine.resume(co) return a, b, coroutine.status(co)",
      ["y", "r", "dead"],
    ],
    [
      "in a to-be-closed variable",
      "local out do local x <close> = setmetatable({}, {__close = function() out = t.later('closed') end}) end return out",
      ["closed"],
    ],
  ];
  test.each(places)("suspends %s", async (_, source, expected) => {
    const vm = await openVm({ later });
    expect(await evaluate(vm, source)).toEqual(expected as never);
  });

  test("raises its rejection where it was called, with its code", async () => {
    const vm = await openVm({ lose });
    expect(await evaluate(vm, "local ok, err = pcall(t.lose) return ok, err.code, tostring(err)")).toEqual([
      false,
      "lock_lost",
      "The lease is gone.",
    ]);
  });

  test("raises a clear error where Lua cannot suspend", async () => {
    const vm = await openVm({ later });
    const sorting = evaluate(vm, "table.sort({3, 2, 1}, function(a, b) return t.later(a) < b end)");
    await expect(sorting).rejects.toThrow("test.lua:1: Cannot wait in t.later here");
  });

  const enclosed: [where: string, source: string][] = [
    ["a sort comparator", "table.sort({2, 1}, function() return t.act() end)"],
    ["a string.gsub callback", "string.gsub('a', 'a', function() t.act() end)"],
    ["__tostring", "tostring(setmetatable({}, {__tostring = function() t.act() end}))"],
    ["a coroutine in a gsub callback", "string.gsub('a', 'a', function() coroutine.wrap(t.act)() end)"],
    [
      "a coroutine in a coroutine in a gsub callback",
      "string.gsub('a', 'a', function() coroutine.wrap(function() coroutine.wrap(t.act)() end)() end)",
    ],
  ];
  test.each(enclosed)("that says so has not begun when it is refused in %s", async (_, source) => {
    let begun = false;
    const vm = await openVm({ later });
    const act: HostFunction = (value) => {
      begun = true;
      return Promise.resolve(value);
    };
    vm.register({ name: "t", functions: { act, later }, waits: { act: "t.act" } });
    await expect(evaluate(vm, source)).rejects.toThrow("Cannot wait in t.act here: Lua cannot suspend");
    expect(begun).toBe(false);
    expect(await evaluate(vm, "return coroutine.wrap(t.later)('later')")).toEqual(["later"]);
  });

  test("lets a thousand others run meanwhile", async () => {
    const vm = await openVm({ later });
    const chunk = vm.load("local n = ... for _ = 1, 3 do n = t.later(n) + 1 end return n", "test.lua");
    const all = await Promise.all(Array.from({ length: 1000 }, (_, i) => vm.run(chunk, [i], i)));
    expect(all.map(([n]) => n)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 3));
  });

  test("keeps each coroutine's context", async () => {
    const seen: unknown[] = [];
    const vm = await openVm({ later, note: () => void seen.push(vm.context) });
    const chunk = vm.load("t.note() t.later() t.note()", "test.lua");
    await Promise.all([vm.run(chunk, [], "a"), vm.run(chunk, [], "b")]);
    expect(seen).toEqual(["a", "b", "a", "b"]);
  });

  test("a yield outside a coroutine is an error, and the VM goes on", async () => {
    const vm = await openVm();
    await expect(evaluate(vm, "coroutine.yield(1)")).rejects.toThrow(
      "test.lua:1: attempt to yield from outside a coroutine",
    );
    expect(await evaluate(vm, "return 1")).toEqual([1]);
  });
});

describe("a Lua function handed to the host", () => {
  test("can be called, with values, and waits like any other", async () => {
    const call: HostFunction = async (fn, ...args) =>
      (fn as import("../../src/modules/module.ts").LuaFunction).call(...args).then(([r]) => r);
    const vm = await openVm({ call, later });
    expect(
      await evaluate(vm, "local up = 10 return t.call(function(a) return t.later(a) + up end, 5)"),
    ).toEqual([15]);
  });

  test("knows where it was defined", async () => {
    const vm = await openVm();
    const [fn] = await evaluate(vm, "local a = 1\nreturn function() return a end");
    expect(fn).toMatchObject({ definedAt: "test.lua:2" });
  });
});

describe("a wait that cannot be passed on", () => {
  const inComparator = `
    local co = coroutine.create(function() return t.reject() end)
    pcall(table.sort, {2, 1}, function() coroutine.resume(co) return true end)
    return co`;

  test("ends in an error and not in an unhandled rejection", async () => {
    const vm = await openVm({ reject: lose, later });
    const source = `local function f() ${inComparator} end f() return t.later("alive")`;
    expect(await evaluate(vm, source)).toEqual(["alive"]);
  });

  test("is not taken for a later yield", async () => {
    const vm = await openVm({ reject: lose });
    const source = `local function f() ${inComparator} end f() coroutine.yield()`;
    await expect(evaluate(vm, source)).rejects.toThrow("attempt to yield from outside a coroutine");
  });

  test("says what is waited for when another one resumes it too early", async () => {
    const vm = await openVm({ later });
    const first = evaluate(vm, "co = coroutine.create(t.later) return coroutine.resume(co)");
    const [ok, error] = await evaluate(vm, "return coroutine.resume(co)");
    expect(ok).toBe(false);
    expect(error).toMatchObject({ message: "Cannot resume this coroutine yet: it waits for t.later." });
    expect(await first).toEqual([false, "cannot resume dead coroutine"]);
  });
});

describe("a host function that gives an argument back", () => {
  test("gives the very one, at once or later, whatever it is", async () => {
    const vm = await openVm({
      second: () => new SameArgument(2),
      secondLater: () => Promise.resolve(new SameArgument(2)),
    });
    const source = `
      local cycle = {} cycle.me = cycle
      local co = coroutine.create(print)
      return t.second(1, cycle) == cycle, t.secondLater(1, co) == co, t.second(1)`;
    expect(await evaluate(vm, source)).toEqual([true, true, undefined]);
  });
});
