import { expect, test } from "bun:test";
import { createSandbox, type Running, type Sandbox } from "./binary.ts";
import type { Scripts } from "./scripts.ts";

/** Where scenarios of locks happen. */
export interface LockSubject {
  /** Scripts on a store of this name, which is empty. */
  scripts(sandbox: Sandbox, store: string): Scripts;
  /** How often each of 8 processes does what only a lock or a transaction makes safe. */
  readonly sections: number;
}

/** What holds of locks between processes wherever the state is, one test for each scenario. */
export function lockScenarios({ scripts: scriptsOn, sections }: LockSubject): void {
  test(`8 processes × ${sections} critical sections and transactions lose no update`, async () => {
    using sandbox = createSandbox();
    const scripts = scriptsOn(sandbox, "sections");
    const script = `
      for _ = 1, ${sections} do
        state.with_lock("counter", function()
          local n = state.get("n", 0)
          time.sleep(0)
          state.set("n", n + 1)
        end, 120)
        state.transaction(function(tx)
          local m = tx.get("m", 0)
          time.sleep(0)
          tx.set("m", m + 1)
        end)
      end`;
    await allEndWell(Array.from({ length: 8 }, (_, i) => scripts.start(`worker${i}`, script)));
    const after = await scripts.start(
      "after",
      'print(state.get("n"), state.get("m"), state.is_locked("counter"))',
    ).finished;
    expect(after.stdout).toBe(`${8 * sections}\t${8 * sections}\tfalse\n`);
  });

  test("kill -9 of the holder, and of the waiter that is next, lets the one after it have the lock", async () => {
    using sandbox = createSandbox();
    const scripts = scriptsOn(sandbox, "killed");
    const holder = scripts.start("holder", 'state.lock("l"); print("held"); await("never")');
    await holder.untilStdout("held");
    const next = scripts.start("next", 'state.lock("l", 120); print("got it")');
    await scripts.untilLock("l", ({ queue }) => queue.length === 1);
    const last = scripts.start("last", 'print(state.lock("l", 120), (state.is_locked("l")))');
    await scripts.untilLock("l", ({ queue }) => queue.length === 2);
    next.kill("SIGKILL");
    await next.finished;
    holder.kill("SIGKILL");
    expect((await last.finished).stdout).toBe("true\ttrue\n");
  });

  test("a holder that was stopped past its lease cannot write any more, and says lock_lost", async () => {
    using sandbox = createSandbox();
    const scripts = scriptsOn(sandbox, "stopped");
    const holder = scripts.start(
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
    const take =
      'state.with_lock("l", "b", 120, function() print(state.get("k")); state.set("k", "theirs") end)';
    expect((await scripts.start("next", take).finished).stdout).toBe("mine\n");
    sandbox.write("go", "");
    holder.kill("SIGCONT");
    expect((await holder.finished).stdout).toBe("held\nfalse\tlock_lost\ntrue\n");
    expect((await scripts.start("after", 'print(state.get("k"))').finished).stdout).toBe("theirs\n");
  });
}

/** Waits for processes, none of which may fail or complain. */
export async function allEndWell(processes: readonly Running[]): Promise<void> {
  for (const { finished } of processes) expect(await finished).toMatchObject({ stderr: "", exitCode: 0 });
}
