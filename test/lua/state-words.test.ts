import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";
import { printed, RAISED } from "./printed.ts";

describe("once() and forget() in Lua", () => {
  test("once() runs fn one time and gives its stored result, nil and false too", async () => {
    expect(
      await printed(`
        local runs = 0
        local function fn(result) return function() runs = runs + 1 return result end end
        print(state.once("s", fn("text")), state.once("s", fn("other")), runs)
        print(state.once("n", fn(nil)), state.once("n", fn(1)), state.once("f", fn(false)), state.once("f", fn(1)), runs)
        print(state.once("t", fn({ 1, 2 }))[2], state.once("t", fn(1))[2], runs)
        print(state.forget("s"), state.forget("s"), state.once("s", fn("again")), runs)
        print(#state.keys(), state.stats().total_keys, state.stats().active_locks)`),
    ).toEqual(["text\ttext\t1", "nil\tnil\tfalse\tfalse\t3", "2\t2\t4", "true\tfalse\tagain\t5", "0\t0\t0"]);
  });

  test("an error in fn comes out, and lets a later call run it", async () => {
    expect(
      await printed(`
        local thrown = {}
        print(select(2, pcall(state.once, "k", function() error(thrown) end)) == thrown)
        raised(state.once, "k", function() return print end)
        print(state.once("k", function() time.sleep(0) return 7 end))
        raised(state.once, "r", function() return state.once("r", print) end)
        raised(state.once, "", print)
        raised(state.once, "k")`),
    ).toEqual([
      "true",
      'bad_value: Cannot store "k": k is a function.',
      "7",
      'bad_argument: Cannot call state.once("r") inside of its own function: it would wait for itself. Use another key.',
      'bad_key: Cannot use "" as a key: it is empty. Keys have 1 to 1024 bytes.',
      "bad_argument: state.once: argument 2 (fn): expected a function, got nothing",
    ]);
  });
});

describe("cache() and rate_limit() in Lua", () => {
  test("cache() computes what is absent, stores all but nil, and gives what is there", async () => {
    expect(
      await printed(`
        print(state.cache("f", 60, function() return false end), state.cache("f", 60, function() return 1 end))
        print(state.cache("n", 60, function() return nil end), state.cache("n", 60, function() return 2 end))
        print(state.get_ttl("f"), state.get_ttl("n"), state.get("n"))
        raised(state.cache, "f", 0, print)
        raised(state.cache, "x", 60, function() state.need("absent") end)
        print(state.cache("x", 60, function() return "after" end))`),
    ).toEqual([
      "false\tfalse",
      "nil\t2",
      "60\t60\t2",
      "bad_argument: state.cache: argument 2 (ttl): expected a number of seconds, above zero, got 0",
      'not_found: Cannot find "absent" in the state. Set it first, or give a default.',
      "after",
    ]);
  });

  test("rate_limit() gives whether, how many more, and the seconds until the window ends", async () => {
    const [first, second, bounds] = await printed(`
      local allowed, remaining, reset = state.rate_limit("r", 1, 60)
      print(allowed, remaining)
      local again, none, left = state.rate_limit("r", 1, 60)
      print(again, none)
      print(reset == 60 and left > 0 and left <= 60)`);
    expect([first, second, bounds]).toEqual(["true\t0", "false\t0", "true"]);
  });
});

describe("transaction() in Lua", () => {
  test("gives fn's results, all of them, and lands what it wrote", async () => {
    expect(
      await printed(`
        print(state.transaction(function(tx)
          tx.set("a", 1)
          time.sleep(0)
          print(tx.get("a"), tx.get("b", "default"), state.get("a"), tx.increment("a", 2))
          return 1, nil, "three", nil
        end))
        print(state.get("a"), state.stats().revision)
        local t = {}
        print(state.transaction(function(tx) return tx.get("none", t) end) == t)`),
    ).toEqual(["1\tdefault\tnil\t3", "1\tnil\tthree\tnil", "3\t1", "true"]);
  });

  test("fn's error is raised as it is, with its place, and nothing lands", async () => {
    expect(
      await printed(`
        local thrown = {}
        print(select(2, pcall(state.transaction, function(tx) tx.set("a", 1) error(thrown) end)) == thrown)
        raised(state.transaction, function(tx) tx.set("a", 1) tx.need("b") end)
        print(state.exists("a"))
        raised(state.transaction)`),
    ).toEqual([
      "true",
      'not_found: Cannot find "b" in the state. Set it first, or give a default.',
      "false",
      "bad_argument: state.transaction: argument 1 (fn): expected a function, got nothing",
    ]);
    using sandbox = createSandbox();
    const failed = await sandbox.runLua("state.transaction(function(tx)\n  local x = tx.get('a') + 1\nend)");
    expect(failed.stderr).toStartWith("script.lua:2: attempt to perform arithmetic on a nil value");
    expect(failed.exitCode).toBe(1);
  });

  test("tx has the calls of state but the locks, joins inner transactions and ends with fn", async () => {
    expect(
      await printed(`
        local kept
        state.transaction(function(tx)
          kept = tx
          print(tx.no_such_call)
          raised(tx.lock, "l")
          raised(tx.with_lock, "l", print)
          tx.transaction(function(inner) inner.set("a", 1) print(inner == tx) end)
          print(tx.once("o", function() return "made" end), tx.cache("c", 60, function() return 5 end))
          print(tx.once("o", print), tx.cache("c", 60, print), tx.get("c"), state.get("c"))
        end)
        print(state.once("o", print), state.get("c"), state.get("a"))
        raised(kept.get, "a")`),
    ).toEqual([
      "nil",
      "bad_argument: Cannot call tx.lock: a transaction lands whole or not at all, and has no locks. Call state.lock around it.",
      "bad_argument: Cannot call tx.with_lock: a transaction lands whole or not at all, and has no locks. Call state.with_lock around it.",
      "true",
      "made\t5",
      "made\t5\t5\tnil",
      "made\t5\t1",
      "bad_argument: Cannot use tx: its transaction has ended. Use it only inside of the function that got it.",
    ]);
  });

  test("inside of with_lock it lands under the lock's token", async () => {
    expect(
      await printed(`
        print(state.with_lock("l", function()
          return state.transaction(function(tx) tx.set("a", 1) return "landed" end)
        end))
        print(pcall(state.with_lock, "l", "label", 60, function()
          state.unlock("l", "label")
          return state.transaction(function(tx) tx.set("a", 2) end)
        end))
        print(state.get("a"))`),
    ).toEqual([
      "landed",
      'false\tCannot write under the lock "l": it has run out or was released, so that others may work now. Nothing was changed. Take the lock again and start over.',
      "1",
    ]);
  });
});

describe("the past and changes in Lua", () => {
  test("history(), get_at() and purge", async () => {
    expect(
      await printed(`
        state.set("k", "v1") state.set("k", { 2 }) state.delete("k")
        for _, v in ipairs(state.history("k")) do
          print(v.revision, v.kind, v.type, v.by.pid > 0, v.by.run ~= nil, math.abs(v.time - time.now()) < 600)
        end
        print(#state.history("k", 1), state.get_at("k", 1), state.get_at("k", 2)[1], state.get_at("k", 3))
        print(state.get_at("k", time.now()), state.get_at("k", "1d"))
        state.set("k", "secret")
        print(state.delete("k", { purge = true }), #state.history("k"), state.history("k")[1].kind)
        raised(state.get_at, "k", 1)
        raised(state.get_at, "k", "soon")`),
    ).toEqual([
      "3\tdelete\tnil\ttrue\ttrue\ttrue",
      "2\tput\tlist\ttrue\ttrue\ttrue",
      "1\tput\tstring\ttrue\ttrue\ttrue",
      "1\tv1\t2\tnil",
      "nil\tnil",
      "true\t1\tdelete",
      'compacted: Cannot tell what "k" was as of revision 1: its history does not go back so far. See what is kept: runner state history',
      'bad_argument: Cannot use "soon" as a moment: expected a revision, a date such as 2026-11-21T20:14:07Z, seconds since the epoch, or how long ago it is, such as "2h".',
    ]);
  });

  test.each([
    ["delete", 'state.delete("k", { purge = true })'],
    ["transaction", 'state.transaction(function(tx) tx.delete("k", { purge = true }) end)'],
  ])("%s with purge leaves nothing of the value in the files of the store", async (_, purge) => {
    using sandbox = createSandbox();
    const secret = "correct horse battery staple ";
    const values = [secret.repeat(500), secret, `${secret.repeat(500)}!`];
    const script = `${values.map((text) => `state.set("k", "${text}") state.set("other", 1)`).join("\n")}
      ${purge} print(#state.history("k"))`;
    const { stdout, stderr } = await sandbox.runLua(script);
    expect({ stdout, stderr }).toEqual({ stdout: "1\n", stderr: "" });
    const folder = join(sandbox.home, ".sloth-runner/state");
    const holds = (name: string) => readFileSync(join(folder, name), "latin1").includes(secret);
    expect(readdirSync(folder).filter(holds)).toEqual([]);
  });

  test("a transaction refuses to set what it has purged", async () => {
    expect(
      await printed(`state.set("k", 1)
        raised(state.transaction, function(tx) tx.delete("k", { purge = true }) tx.set("k", 2) end)
        print(state.get("k"))`),
    ).toEqual(['bad_argument: Cannot set "k": this transaction has purged it. Set it in another one.', "1"]);
  });

  test("on_change() hands changes by anyone to fn, in order, until the run ends", async () => {
    using sandbox = createSandbox();
    const script = sandbox.spawn([
      "run",
      sandbox.write(
        "w.lua",
        `
      local seen = 0
      state.on_change("a*", function(change)
        print(change.kind, change.key, change.value, change.revision)
        seen = seen + 1
        if seen == 2 then error("does no harm") end
      end)
      state.set("a1", 1)
      state.set("b", 1)
      print("ready")
      while seen < 3 do time.sleep(0.01) end
    `,
      ),
    ]);
    await script.untilStdout("ready");
    await sandbox.run(["state", "set", "a2", "two"]);
    await sandbox.run(["state", "delete", "a1", "--yes"]);
    const { stdout, stderr, exitCode } = await script.finished;
    const changes = stdout.split("\n").filter((line) => line.includes("\t"));
    expect(changes).toEqual(["put\ta1\t1\t1", "put\ta2\ttwo\t3", "delete\ta1\tnil\t4"]);
    expect(stderr).toContain("does no harm");
    expect(exitCode).toBe(0);
  });
});

describe("State and agent() in Lua", () => {
  test("State has the same calls on a store of its own, and list() gives its keys", async () => {
    expect(
      await printed(`
        State.set("b", 1) State.set("a", { 1 }) State.set("c*", 1) state.set("d", 1)
        print(table.concat(State.list(), " "), table.concat(State.list("c*"), " "), #State.list("x"))
        print(State.get("d"), state.get("a"), State.increment("b"), State.get("none", "default"))
        print(State.transaction(function(tx) return tx.increment("b") end), State.once("o", function() return 1 end))
        print(State.with_lock("l", function() return (State.is_locked("l")), (state.is_locked("l")) end))
        print(require("State") == State)`),
    ).toEqual(["a b c*\tc*\t0", "nil\tnil\t2\tdefault", "3\t1", "true\tfalse", "true"]);
    expect(await printed(`print(#State.list())`)).toEqual(["0"]);
  });

  test("State is limited by state.session_max, and kept by state.session", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "state: { session_max: 1KiB }");
    const source = `${RAISED}
      raised(State.set, "k", ("x"):rep(2000))
      State.set("k", ("x"):rep(900)) State.set("k", "small") State.set("l", ("x"):rep(900))
      raised(State.set, "m", ("x"):rep(200))`;
    const { stdout } = await sandbox.runLua(source);
    const refused = (key: string) =>
      `too_large: Cannot store "${key}": this store in memory would have more than 1,024 bytes. Delete something first, or raise state.session_max.`;
    expect(stdout.trimEnd().split("\n")).toEqual([refused("k"), refused("m")]);
    sandbox.write("runner.yaml", "state: { session: persistent }");
    const counting = 'print(State.increment("n"), state.get("n"))';
    expect((await sandbox.runLua(counting)).stdout).toBe("1\tnil\n");
    expect((await sandbox.runLua(counting)).stdout).toBe("2\tnil\n");
    sandbox.write("runner.yaml", 'state: { session: ["kept:"] }');
    const partly = 'print(State.increment("kept:n"), State.increment("other"))';
    expect((await sandbox.runLua(partly)).stdout).toBe("1\t1\n");
    expect((await sandbox.runLua(partly)).stdout).toBe("2\t1\n");
  });

  test("agent() is the same module on another agent's store; the own one is shared", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr } = await sandbox.runLua(`${RAISED}
      local web = state.agent("web")
      print(web.set("k", 1), web.get("k"), state.get("k"), web.get("x", "default"), web.increment("k"))
      print(web.transaction(function(tx) return tx.get("k") end), web.with_lock("l", function() return web.is_locked("l") end))
      state.set("own", 1)
      print(state.agent("local").get("own"), state.agent("local").increment("own"), state.get("own"))
      raised(state.agent, "../x")`);
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("true\t1\tnil\tdefault\t2");
    expect(lines[1]).toStartWith("2\ttrue\t");
    expect(lines[2]).toBe("1\t2\t2");
    expect(lines[3]).toStartWith('bad_argument: Cannot use "../x" as an agent');
    expect((await sandbox.run(["state", "get", "k", "--agent", "web"])).stdout).toBe("2\n");
  });
});
