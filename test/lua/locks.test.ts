import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";
import { printed } from "./printed.ts";

describe("locks in Lua", () => {
  test("try_lock() answers at once, and unlock() says whether this caller held it", async () => {
    expect(
      await printed(`
        print(state.try_lock("l"), state.try_lock("l", 0.5), state.unlock("l"), state.unlock("l"), state.unlock("l"))
        print(state.lock("l", "label", 60), state.try_lock("l"), state.unlock("l"))`),
    ).toEqual(["true\ttrue\ttrue\ttrue\tfalse", "true\tfalse\tfalse"]);
  });

  test("lock() with a timeout waits that long and answers; it nests for its task", async () => {
    expect(
      await printed(`
        print(state.lock("l"), state.lock("l", 0), state.unlock("l"), state.unlock("l"), state.unlock("l"))
        state.lock("l", "label", 60)
        print(state.lock("l", 0), state.lock("l", 0.05))`),
    ).toEqual(["true\ttrue\ttrue\ttrue\tfalse", "false\tfalse"]);
  });

  test("lock() with a holder is a label: extended in the same run, unlocked with the label, else raises", async () => {
    expect(
      await printed(`
        print(state.lock("l", "ci", 20), state.lock("l", "ci", 60), state.is_locked("l"))
        raised(state.lock, "l", "other", 0.05)
        print(state.unlock("l"), state.unlock("l", "other"), state.unlock("l", "ci"), state.unlock("l", "ci"))`),
    ).toEqual([
      "true\ttrue\ttrue\tci\t60",
      'lock_timeout: Cannot take the lock "l" in 0.05 s: it is held by ci. Wait longer, or unlock it there.',
      "false\tfalse\ttrue\tfalse",
    ]);
  });

  test("is_locked() tells who holds it and for how many seconds", async () => {
    const [free, held] = await printed(`
      print(state.is_locked("l"))
      state.try_lock("l", 60)
      print(state.is_locked("l"))`);
    expect(free).toBe("false");
    expect(held).toMatch(/^true\trun \w+ on .+ \(pid \d+\)\t60$/);
  });

  test("with_lock() gives fn's results, holds the lock meanwhile and releases it after", async () => {
    expect(
      await printed(`
        print(state.with_lock("l", function() print((state.is_locked("l"))); return 1, nil, "three", nil end))
        print(state.with_lock("l", "ci", 60, function() print(state.is_locked("l")); return 4 end))
        print(select("#", state.with_lock("l", function() end, 0)), state.is_locked("l"))`),
    ).toEqual(["true", "1\tnil\tthree\tnil", "true\tci\t60", "4", "0\tfalse"]);
  });

  test("with_lock() releases the lock when fn raises, and the error is fn's own", async () => {
    expect(
      await printed(`
        local thrown = { "my own" }
        local ok, err = pcall(state.with_lock, "l", function() error(thrown) end)
        print(ok, err == thrown, state.is_locked("l"))
        raised(state.with_lock, "l", "ci", 60, function() time.sleep(0); state.need("absent") end)
        print(state.is_locked("l"))`),
    ).toEqual([
      "false\ttrue\tfalse",
      'not_found: Cannot find "absent" in the state. Set it first, or give a default.',
      "false",
    ]);
  });

  test("with_lock() leaves the traceback of what nobody catches as it is", async () => {
    using sandbox = createSandbox();
    const script =
      'local function inner()\n  error("oops")\nend\nstate.with_lock("l", function()\n  inner()\nend)';
    const { stderr, exitCode } = await sandbox.runLua(script);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("script.lua:2: oops");
    expect(stderr).toContain("script.lua:5");
    const after = await sandbox.runLua('print(state.is_locked("l"))');
    expect(after.stdout).toBe("false\n");
  });

  test("with_lock() raises lock_timeout when it does not get the lock, and fn does not run", async () => {
    expect(
      await printed(`
        state.lock("l", "ci", 60)
        raised(state.with_lock, "l", function() print("never") end, 0.05)
        raised(state.with_lock, "l", "other", 0.05, function() print("never") end)`),
    ).toEqual([
      'lock_timeout: Cannot take the lock "l" in 0.05 s: it is held by ci. Wait longer, or unlock it there.',
      'lock_timeout: Cannot take the lock "l" in 0.05 s: it is held by ci. Wait longer, or unlock it there.',
    ]);
  });

  test("a write inside of with_lock() is refused once the lock is lost, also in coroutines and when nested", async () => {
    expect(
      await printed(`
        local function lose(write)
          raised(state.with_lock, "outer", function()
            state.with_lock("inner", function()
              state.set("n", 1)
              state.unlock("outer")
              write()
            end)
          end)
        end
        lose(function() state.set("n", 2) end)
        lose(function() coroutine.wrap(function() state.increment("n") end)() end)
        lose(function() state.clear() end)
        print(state.get("n"), state.set("n", 3), state.get("n"))`),
    ).toEqual([...Array.from({ length: 3 }, () => LOST), "1\ttrue\t3"]);
  });

  test("a lease is renewed while fn computes without waiting", async () => {
    expect(
      await printed(`
        state.with_lock("l", "ci", 1, function()
          local started = os.clock()
          while os.clock() - started < 2 do for i = 1, 1e6 do end end
          state.set("done", true)
        end)
        print(state.get("done"))`),
    ).toEqual(["true"]);
  }, 60_000);

  test("what a task or a run holds is released at its end, labels apart", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.runLua(`
      state.lock("run")
      task("first"):command(function()
        state.lock("task"); state.try_lock("tried", 600); state.lock("label", "ci", 600)
        coroutine.wrap(function() state.with_lock("scope", "ci", 600, coroutine.yield) end)()
        print((state.is_locked("run")), (state.is_locked("task")), (state.is_locked("scope")))
      end)
      task("second"):depends_on("first"):command(function()
        for _, name in ipairs { "task", "tried", "scope", "label", "run" } do print(name, (state.is_locked(name))) end
      end)`);
    expect(stdout.split("\n")).toEqual([
      "true\ttrue\ttrue",
      "task\tfalse",
      "tried\tfalse",
      "scope\tfalse",
      "label\ttrue",
      "run\ttrue",
      "",
    ]);
    const after = await sandbox.runLua('print(state.is_locked("run"), state.is_locked("label"))');
    expect(after.stdout).toMatch(/^false\ttrue\tci\t\d+\n$/);
  });

  test("wrong arguments are named", async () => {
    expect(
      await printed(`
        raised(state.lock)
        raised(state.lock, "l", true)
        raised(state.lock, "l", -1)
        raised(state.lock, "l", "ci")
        raised(state.lock, "l", nil, 5)
        raised(state.try_lock, "l", 0)
        raised(state.try_lock, "l", "ci")
        raised(state.unlock, "l", 5)
        raised(state.with_lock, "l")
        raised(state.with_lock, "l", print, "soon")
        raised(state.with_lock, "l", "ci", 5)
        raised(state.with_lock, "l", "ci", 0/0, print)
        raised(state.lock, "")`),
    ).toEqual([
      "bad_argument: state.lock: argument 1 (name): expected a string, got nothing",
      "bad_argument: state.lock: argument 2 (timeout_or_holder): expected a string or a number of seconds, zero or more, got true",
      "bad_argument: state.lock: argument 2 (timeout_or_holder): expected a string or a number of seconds, zero or more, got -1",
      "bad_argument: state.lock: argument 3 (seconds): expected a number of seconds, above zero, got nothing",
      "bad_argument: state.lock: argument 2 (holder): expected a string, got nothing",
      "bad_argument: state.try_lock: argument 2 (ttl): expected a number of seconds, above zero, got 0",
      'bad_argument: state.try_lock: argument 2 (ttl): expected a number of seconds, above zero, got "ci"',
      "bad_argument: state.unlock: argument 2 (holder): expected a string, got 5",
      "bad_argument: state.with_lock: argument 2 (fn_or_holder): expected a function or a string, got nothing",
      'bad_argument: state.with_lock: argument 3 (timeout_or_seconds): expected a number of seconds, zero or more, got "soon"',
      "bad_argument: state.with_lock: argument 4 (fn): expected a function, got nothing",
      "bad_argument: state.with_lock: argument 3 (timeout_or_seconds): expected a number of seconds, zero or more, got nan",
      'bad_key: Cannot use "" as a key: it is empty. Keys have 1 to 1024 bytes.',
    ]);
  });

  test("a file that is only looked at takes no locks", async () => {
    using sandbox = createSandbox();
    sandbox.write("look.lua", 'state.with_lock("l", function() end)');
    const { stderr, exitCode } = await sandbox.run(["list", "look.lua"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("Cannot call state.with_lock at the top level of look.lua");
  });
});

const LOST =
  'lock_lost: Cannot write under the lock "outer": it has run out or was released, so that others may work now. ' +
  "Nothing was changed. Take the lock again and start over.";
