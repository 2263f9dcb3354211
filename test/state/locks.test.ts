import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteBackend } from "../../src/backends/sqlite/backend.ts";
import { decodeLock, type LockState } from "../../src/state/locks/lease.ts";
import { lockRef } from "../../src/state/locks/world.ts";
import { createSandbox, type Running, type Sandbox } from "../helpers/binary.ts";

/** Lua: waits until the test has written a file. */
const AWAIT_FILE = "local function await(name) while not fs.exists(name) do time.sleep(0.005) end end\n";

/** Starts a script of a name of its own, as several run at once. */
function start(sandbox: Sandbox, name: string, source: string): Running {
  sandbox.write(`${name}.lua`, AWAIT_FILE + source);
  return sandbox.spawn(["run", `${name}.lua`]);
}

/** Resolves once the lock's entry is as wanted. */
async function untilLock(
  sandbox: Sandbox,
  name: string,
  wanted: (state: LockState) => boolean,
): Promise<void> {
  const path = join(sandbox.home, ".sloth-runner/state/local.db");
  const backend = new SqliteBackend({ path, durability: "normal", busyTimeout: 30_000 });
  try {
    for (;;) {
      const changed = backend.wait(AbortSignal.timeout(1000));
      const [entry] = await backend.read([lockRef(name)]);
      if (wanted(decodeLock(entry))) return;
      await changed;
    }
  } finally {
    backend.close();
  }
}

describe("locks between processes", () => {
  test("8 processes × 50 critical sections lose no update that only the lock makes safe", async () => {
    using sandbox = createSandbox();
    const script = `
      for _ = 1, 50 do
        state.with_lock("counter", function()
          local n = state.get("n", 0)
          time.sleep(0)
          state.set("n", n + 1)
        end, 120)
      end`;
    const ends = await Promise.all(
      Array.from({ length: 8 }, (_, i) => start(sandbox, `worker${i}`, script).finished),
    );
    expect(ends.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      Array.from({ length: 8 }, () => ({ exitCode: 0, stderr: "" })),
    );
    const after = await sandbox.runLua('print(state.get("n"), state.is_locked("counter"))');
    expect(after.stdout).toBe("400\tfalse\n");
  });

  test("a hundred processes that wait for one lock all get it, one at a time, and one of them runs once()", async () => {
    using sandbox = createSandbox();
    const holder = start(
      sandbox,
      "holder",
      'state.with_lock("l", function() print("held"); await("go") end)',
    );
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
    const workers = Array.from({ length: 100 }, () => sandbox.spawn(["run", "worker.lua"]));
    await untilLock(sandbox, "l", ({ queue }) => queue.length === 100);
    sandbox.write("go", "");
    for (const { finished } of [holder, ...workers]) {
      expect(await finished).toMatchObject({ stderr: "", exitCode: 0 });
    }
    const after = await sandbox.runLua('print(state.get("n"), state.get("ran"), (state.is_locked("l")))');
    expect(after.stdout).toBe("100\t1\tfalse\n");
  }, 120_000);

  test("waiters are served in the order in which they came", async () => {
    using sandbox = createSandbox();
    const holder = start(sandbox, "holder", 'state.lock("l"); print("held"); await("go"); state.unlock("l")');
    await holder.untilStdout("held");
    const waiters: Running[] = [];
    for (const name of ["first", "second", "third"]) {
      const script = `state.with_lock("l", function() state.list_push("order", "${name}") end, 120)`;
      waiters.push(start(sandbox, name, script));
      await untilLock(sandbox, "l", ({ queue }) => queue.length === waiters.length);
    }
    sandbox.write("go", "");
    for (const { finished } of [holder, ...waiters]) expect((await finished).exitCode).toBe(0);
    const after = await sandbox.runLua('print(table.concat(state.get("order"), " "))');
    expect(after.stdout).toBe("first second third\n");
  });

  test("kill -9 of the holder, and of the waiter that is next, lets the one after it have the lock", async () => {
    using sandbox = createSandbox();
    const holder = start(sandbox, "holder", 'state.lock("l"); print("held"); await("never")');
    await holder.untilStdout("held");
    const next = start(sandbox, "next", 'state.lock("l", 120); print("got it")');
    await untilLock(sandbox, "l", ({ queue }) => queue.length === 1);
    const last = start(sandbox, "last", 'print(state.lock("l", 120), (state.is_locked("l")))');
    await untilLock(sandbox, "l", ({ queue }) => queue.length === 2);
    next.kill("SIGKILL");
    await next.finished;
    holder.kill("SIGKILL");
    expect((await last.finished).stdout).toBe("true\ttrue\n");
  });

  test("a holder that was stopped past its lease cannot write any more, and says lock_lost", async () => {
    using sandbox = createSandbox();
    const holder = start(
      sandbox,
      "holder",
      `print(pcall(state.with_lock, "l", "a", 1, function()
        state.set("k", "mine")
        print("held")
        await("go")
        local ok, err = pcall(state.set, "k", "too late")
        print(ok, err.code)
      end))`,
    );
    await holder.untilStdout("held");
    holder.kill("SIGSTOP");
    const next = await start(
      sandbox,
      "next",
      'state.with_lock("l", "b", 120, function() print(state.get("k")); state.set("k", "theirs") end)',
    ).finished;
    expect(next.stdout).toBe("mine\n");
    sandbox.write("go", "");
    holder.kill("SIGCONT");
    expect((await holder.finished).stdout).toBe("held\nfalse\tlock_lost\ntrue\n");
    const after = await sandbox.runLua('print(state.get("k"))');
    expect(after.stdout).toBe("theirs\n");
  });

  test("two runs of one script with a fixed label exclude each other", async () => {
    using sandbox = createSandbox();
    const first = start(sandbox, "first", 'state.lock("l", "deploy", 600); print("held"); await("go")');
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
      const holder = start(
        sandbox,
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
    const holder = start(sandbox, "holder", 'state.lock("l"); print("held"); while true do end');
    await holder.untilStdout("held");
    holder.kill("SIGINT");
    expect((await holder.finished).exitCode).toBe(130);
    expect((await sandbox.runLua('print(state.is_locked("l"))')).stdout).toBe("false\n");
  });
});
