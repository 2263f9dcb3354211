import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteBackend } from "../../src/backends/sqlite/backend.ts";
import { createSandbox, type Running, type Sandbox } from "../helpers/binary.ts";
import { allEndWell, lockScenarios } from "../helpers/locks.ts";
import { Scripts } from "../helpers/scripts.ts";

/** Scripts on the store of their home. */
function onSqlite(sandbox: Sandbox): Scripts {
  const path = join(sandbox.home, ".sloth-runner/state/local.db");
  const open = () => new SqliteBackend({ path, durability: "normal", busyTimeout: 30_000 });
  return new Scripts(sandbox, open);
}

describe("locks between processes", () => {
  lockScenarios({ scripts: onSqlite, sections: 50 });

  test("a hundred processes that wait for one lock all get it, one at a time, and one of them runs once()", async () => {
    using sandbox = createSandbox();
    const scripts = onSqlite(sandbox);
    const holder = scripts.start("holder", 'state.with_lock("l", function() print("held"); await("go") end)');
    await holder.untilStdout("held");
    sandbox.write(
      "worker.lua",
      `state.once("k", function() state.increment("ran") end)
      state.with_lock("l", function()
        local n = state.get("n", 0)
        time.sleep(0)
        state.set("n", n + 1)
      end, 120)
      assert(state.stats().lock_wait > 0)`,
    );
    // A hundred that start at once would take the machine from all other tests for as long as it takes.
    const workers: Running[] = [];
    while (workers.length < 100) {
      for (let i = 0; i < 20; i++) workers.push(sandbox.spawn(["run", "worker.lua"]));
      await scripts.untilLock("l", ({ queue }) => queue.length === workers.length);
    }
    sandbox.write("go", "");
    await allEndWell([holder, ...workers]);
    const after = await sandbox.runLua('print(state.get("n"), state.get("ran"), (state.is_locked("l")))');
    expect(after.stdout).toBe("100\t1\tfalse\n");
  }, 120_000);

  test("waiters are served in the order in which they came", async () => {
    using sandbox = createSandbox();
    const scripts = onSqlite(sandbox);
    const holder = scripts.start("holder", 'state.lock("l"); print("held"); await("go"); state.unlock("l")');
    await holder.untilStdout("held");
    const waiters: Running[] = [];
    for (const name of ["first", "second", "third"]) {
      const script = `state.with_lock("l", function() state.list_push("order", "${name}") end, 120)`;
      waiters.push(scripts.start(name, script));
      await scripts.untilLock("l", ({ queue }) => queue.length === waiters.length);
    }
    sandbox.write("go", "");
    for (const { finished } of [holder, ...waiters]) expect((await finished).exitCode).toBe(0);
    const after = await sandbox.runLua('print(table.concat(state.get("order"), " "))');
    expect(after.stdout).toBe("first second third\n");
  });

  test("two runs of one script with a fixed label exclude each other", async () => {
    using sandbox = createSandbox();
    const scripts = onSqlite(sandbox);
    const first = scripts.start("first", 'state.lock("l", "deploy", 600); print("held"); await("go")');
    await first.untilStdout("held");
    const refused = await sandbox.runLua('print(pcall(state.lock, "l", "deploy", 0.05))');
    expect(refused.stdout).toStartWith('false\tCannot take the lock "l"');
    sandbox.write("go", "");
    await first.finished;
    const after = await sandbox.runLua('print(state.lock("l", "deploy", 5))');
    expect(after.stdout).toBe("true\n");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} to a holder that runs a command releases its locks and ends both`, async () => {
      using sandbox = createSandbox();
      const scripts = onSqlite(sandbox);
      const holder = scripts.start(
        "holder",
        `state.lock("mine", "ci", 600)
        state.with_lock("l", "ci", 600, function() exec.run("echo $$ > command; exec sleep 600") end)`,
      );
      const command = join(sandbox.work, "command");
      while (!existsSync(command) || readFileSync(command, "utf8") === "") await Bun.sleep(5);
      holder.kill(signal);
      expect((await holder.finished).exitCode).toBe(signal === "SIGINT" ? 130 : 143);
      const after = await sandbox.runLua('print(state.is_locked("l"), (state.is_locked("mine")))');
      expect(after.stdout).toBe("false\ttrue\n");
      expect(existsSync(`/proc/${readFileSync(command, "utf8").trim()}/cwd`)).toBe(false);
    });
  }

  test("SIGINT ends a holder that computes without waiting, and its lock is free", async () => {
    using sandbox = createSandbox();
    const scripts = onSqlite(sandbox);
    const holder = scripts.start("holder", 'state.lock("l"); print("held"); while true do end');
    await holder.untilStdout("held");
    holder.kill("SIGINT");
    expect((await holder.finished).exitCode).toBe(130);
    expect((await sandbox.runLua('print(state.is_locked("l"))')).stdout).toBe("false\n");
  });
});
