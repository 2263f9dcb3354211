import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

const PROCESSES = 12;

describe("once(), cache() and transaction() between processes", () => {
  test("of many processes that call once() one runs fn, and all get its result", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "once.lua",
      `print(state.once("k", function()
        state.increment("runs")
        time.sleep(0.05)
        return "made by " .. state.increment("makers")
      end))`,
    );
    const all = Array.from({ length: PROCESSES }, () => sandbox.run(["run", "once.lua"]));
    const printed = (await Promise.all(all)).map(({ stdout }) => stdout);
    expect(printed).toEqual(Array.from({ length: PROCESSES }, () => "made by 1\n"));
    expect((await sandbox.run(["state", "get", "runs"])).stdout).toBe("1\n");
  });

  test("a process that dies inside of once() lets the next one run fn", async () => {
    using sandbox = createSandbox();
    sandbox.write("dies.lua", `state.once("k", function() print("inside") time.sleep(60) end)`);
    sandbox.write("next.lua", `print(state.once("k", function() return "completed" end))`);
    const dying = sandbox.spawn(["run", "dies.lua"]);
    await dying.untilStdout("inside");
    const next = sandbox.spawn(["run", "next.lua"]);
    dying.kill("SIGKILL");
    expect((await next.finished).stdout).toBe("completed\n");
  });

  test("one process computes what cache() lacks, and the others wait for it", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "cache.lua",
      `print(state.cache("k", 60, function()
        local n = state.increment("computed")
        time.sleep(0.05)
        return n
      end))`,
    );
    const all = Array.from({ length: PROCESSES }, () => sandbox.run(["run", "cache.lua"]));
    expect(new Set((await Promise.all(all)).map(({ stdout }) => stdout))).toEqual(new Set(["1\n"]));
  });

  test("transfers between accounts by many processes keep their sum, and listings are never torn", async () => {
    using sandbox = createSandbox();
    for (const name of ["a", "b", "c"])
      await sandbox.run(["state", "set", `account:${name}`, "--json", "100"]);
    sandbox.write(
      "transfer.lua",
      `local names = { "account:a", "account:b", "account:c" }
      for i = 1, 25 do
        state.transaction(function(tx)
          local sum = 0
          for _, amount in pairs(tx.list("account:")) do sum = sum + amount end
          assert(sum == 300, "torn: " .. sum)
          local from, to = names[math.random(3)], names[math.random(3)]
          tx.set(from, tx.get(from) - 1)
          if i % 5 == 0 then time.sleep(0.001) end
          tx.set(to, tx.get(to) + 1)
          tx.increment("transfers")
        end)
      end`,
    );
    const all = Array.from({ length: 6 }, () => sandbox.run(["run", "transfer.lua"]));
    const ended = await Promise.all(all);
    expect(ended.map(({ exitCode, stderr }) => `${exitCode}${stderr}`)).toEqual(Array(6).fill("0"));
    const { stdout } = await sandbox.run(["state", "list", "account:", "-o", "json"]);
    const sum = (JSON.parse(stdout) as { value: number }[]).reduce((total, { value }) => total + value, 0);
    expect(sum).toBe(300);
    expect((await sandbox.run(["state", "get", "transfers"])).stdout).toBe("150\n");
  }, 60_000);

  test("rate_limit() allows exactly so many calls of all processes together", async () => {
    using sandbox = createSandbox();
    sandbox.write("limit.lua", `for _ = 1, 5 do if state.rate_limit("r", 17, 600) then print("yes") end end`);
    const all = Array.from({ length: 6 }, () => sandbox.run(["run", "limit.lua"]));
    const allowed = (await Promise.all(all))
      .map(({ stdout }) => stdout)
      .join("")
      .split("\n");
    expect(allowed.filter((line) => line === "yes")).toHaveLength(17);
  });
});
