import { describe, expect, test } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRunning } from "../helpers/alive.ts";
import { createSandbox } from "../helpers/binary.ts";
import { startOnTerminal } from "../helpers/terminal.ts";

/** A command that says when it runs and then waits to be stopped. */
const WAITS = ["--", "/bin/sh", "-c", "echo running $$; while :; do /bin/sleep 0.05; done"];

describe("runner lock run", () => {
  test("gives the command's output, input, arguments and exit code", async () => {
    using sandbox = createSandbox();
    const echo = [
      "lock",
      "run",
      "l",
      "--",
      "/bin/sh",
      "-c",
      'read line; echo "$line $1"; exit 7',
      "sh",
      "--flag",
    ];
    const { stdout, exitCode } = await sandbox.run(echo, { stdin: "from stdin\n" });
    expect({ stdout, exitCode }).toEqual({ stdout: "from stdin --flag\n", exitCode: 7 });
    expect((await sandbox.run(["lock", "list"])).stderr).toBe("No lock is held.\n");
  });

  test("says 128 and the signal's number for a command that a signal ended, 127 for one that is not there", async () => {
    using sandbox = createSandbox();
    const killed = await sandbox.run(["lock", "run", "l", "--", "/bin/sh", "-c", "kill -KILL $$"]);
    expect(killed.exitCode).toBe(137);
    const missing = await sandbox.run(["lock", "run", "l", "--", "/no/such/program"]);
    expect(missing).toMatchObject({
      exitCode: 127,
      stderr: 'Cannot run "/no/such/program": there is no such program.\n',
    });
  });

  test("keeps others out: exit 4 with who holds it, or the code that was asked for", async () => {
    using sandbox = createSandbox();
    const holder = sandbox.spawn(["lock", "run", "nightly", ...WAITS]);
    await holder.untilStdout("running");
    const late = await sandbox.run(["lock", "run", "nightly", "--wait", "0.05s", "--", "/bin/echo", "never"]);
    expect(late.stderr).toMatch(
      /^Cannot acquire lock "nightly" in 0.05 s: held by \/bin\/sh \(pid \d+ on .+\) for another \d+ s\.\n$/,
    );
    expect({ stdout: late.stdout, exitCode: late.exitCode }).toEqual({ stdout: "", exitCode: 4 });
    const asked = ["lock", "run", "nightly", "--wait", "0", "--conflict-exit-code", "99", "--", "/bin/true"];
    expect((await sandbox.run(asked)).exitCode).toBe(99);
    const waiting = sandbox.spawn(["lock", "run", "nightly", "--", "/bin/echo", "my turn"]);
    holder.kill("SIGTERM");
    expect((await holder.finished).exitCode).toBe(143);
    expect((await waiting.finished).stdout).toBe("my turn\n");
  });

  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
    "passes %s on and releases the lock only after the command has ended",
    async (signal) => {
      using sandbox = createSandbox();
      const script = `trap 'echo stopping; ${sandbox.binary} lock show l > held; exit 5' TERM HUP INT; echo running; while :; do /bin/sleep 0.05; done`;
      const holder = sandbox.spawn(["lock", "run", "l", "--", "/bin/sh", "-c", script]);
      await holder.untilStdout("running");
      holder.kill(signal);
      const { stdout, exitCode } = await holder.finished;
      expect({ stdout, exitCode }).toEqual({ stdout: "running\nstopping\n", exitCode: 5 });
      expect(await Bun.file(`${sandbox.work}/held`).text()).toContain("held by");
      expect((await sandbox.run(["lock", "show", "l"])).exitCode).toBe(3);
    },
  );

  test("stops the command when the lock was taken away, and says so with exit 4", async () => {
    using sandbox = createSandbox();
    const holder = sandbox.spawn(["lock", "run", "l", ...WAITS]);
    const pid = Number(/running (\d+)/.exec(await holder.untilStdout("running"))?.[1]);
    const unasked = await sandbox.run(["lock", "release", "l"]);
    expect(unasked.exitCode).toBe(2);
    expect((await sandbox.run(["lock", "release", "l", "--yes"])).exitCode).toBe(0);
    const { exitCode, stderr } = await holder.finished;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr:
        'Cannot finish "/bin/sh": the lock "l" was lost while it ran, so it was stopped. Start it again.\n',
    });
    expect(isRunning(pid)).toBe(false);
  });

  test("stops the command when the file of the lock is gone or another, exit 6", async () => {
    for (const replace of [false, true]) {
      using sandbox = createSandbox();
      const store = join(sandbox.home, ".sloth-runner/state/local.db");
      const holder = sandbox.spawn(["lock", "run", "l", ...WAITS]);
      const pid = Number(/running (\d+)/.exec(await holder.untilStdout("running"))?.[1]);
      const other = join(sandbox.work, "other.db");
      if (replace) await sandbox.run(["state", "set", "k", "v", "--db", other]);
      for (const suffix of ["-wal", "-shm"]) rmSync(store + suffix);
      // At once: it may look in any moment.
      if (replace) renameSync(other, store);
      else rmSync(store);
      const { exitCode, stderr } = await holder.finished;
      expect(exitCode).toBe(6);
      expect(stderr).toBe(
        `Cannot finish "/bin/sh": the store of the lock "l" was lost while it ran, so it was stopped. Cannot open "${store}": ` +
          `the file was ${replace ? "replaced" : "deleted"} while this process had it open. Start it again.\n`,
      );
      expect(isRunning(pid)).toBe(false);
    }
  });

  test("keeps others out after kill -9 as long as its command lives, and no longer", async () => {
    using sandbox = createSandbox();
    const holder = sandbox.spawn(["lock", "run", "l", ...WAITS]);
    const pid = Number(/running (\d+)/.exec(await holder.untilStdout("running"))?.[1]);
    // The command's pid is noted while it runs already.
    while (!(await sandbox.run(["lock", "show", "l"])).stdout.includes(`(pid ${pid} on`));
    holder.kill("SIGKILL");
    const late = await sandbox.run(["lock", "run", "l", "--wait", "0", "--", "/bin/echo", "never"]);
    expect(late).toMatchObject({ stdout: "", exitCode: 4 });
    expect(late.stderr).toContain(`held by /bin/sh (pid ${pid} on`);
    const waiting = sandbox.spawn(["lock", "run", "l", "--", "/bin/echo", "my turn"]);
    process.kill(pid, "SIGKILL");
    expect((await waiting.finished).stdout).toBe("my turn\n");
  });

  test("lets its command read the terminal, control jobs on it, and have Ctrl-C for itself", async () => {
    using sandbox = createSandbox();
    const locked = `${sandbox.binary} lock run l --`;
    const env = { HOME: sandbox.home, PS1: "$ " };
    const terminal = startOnTerminal(["/bin/sh", "-i"], { columns: 200, cwd: sandbox.work, env });
    const shows = (what: RegExp) => terminal.until((text) => what.test(text));
    terminal.type(`${locked} /bin/sh -c 'echo reads; exec /bin/cat'\n`);
    await shows(/reads$/m);
    terminal.type("typed\n");
    await shows(/^typed\ntyped$/m);
    terminal.type("\u0004");
    terminal.type("echo cat: $?\n");
    await shows(/cat: 0$/m);
    terminal.type(`${locked} /bin/sh -i\n/bin/sh -c 'echo nested; exec /bin/sleep 60'\n`);
    await shows(/nested$/m);
    terminal.type("\u0003");
    // What is typed before it has arrived is dropped.
    await shows(/\$$/);
    terminal.type("echo in the shell: $((40 + 2))\n");
    await shows(/in the shell: 42$/m);
    terminal.type("exit 5\necho sh: $?\n");
    await shows(/sh: 5$/m);
    terminal.type(`${locked} /bin/sh -c 'echo begun; exec /bin/sleep 60'\n`);
    await shows(/begun$/m);
    terminal.type("\u0003");
    // What is typed before it has arrived is dropped.
    await shows(/\$$/);
    terminal.type(`echo command: $?; ${sandbox.binary} lock list\n`);
    await shows(/command: 130\nNo lock is held\.$/m);
    terminal.type("exit\n");
    await terminal.ended;
  });

  test("shares its locks with scripts, tells a fencing token, and takes a label", async () => {
    using sandbox = createSandbox();
    sandbox.write("s.lua", `print(state.try_lock("l"), (select(2, state.is_locked("l"))))`);
    const inside = ["--", "/bin/sh", "-c", `echo $RUNNER_LOCK_TOKEN; exec ${sandbox.binary} run s.lua`];
    const { stdout } = await sandbox.run(["lock", "run", "l", "--holder", "ci", ...inside]);
    expect(stdout).toBe("1\nfalse\tci\n");
  });

  test("refuses what it cannot use before it takes the lock", async () => {
    using sandbox = createSandbox();
    for (const wrong of [
      ["--ttl", "0"],
      ["--wait", "soon"],
      ["--conflict-exit-code", "256"],
    ]) {
      const { exitCode, stdout } = await sandbox.run([
        "lock",
        "run",
        "l",
        ...wrong,
        "--",
        "/bin/echo",
        "never",
      ]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    }
    expect((await sandbox.run(["lock", "run", "l"])).exitCode).toBe(2);
  });
});

describe("runner lock list, show and release", () => {
  test("show what is held, as text and as JSON, also what runner locks itself", async () => {
    using sandbox = createSandbox();
    sandbox.write("s.lua", `state.lock("mine") state.once("k", function() print("held") time.sleep(60) end)`);
    const script = sandbox.spawn(["run", "s.lua"]);
    await script.untilStdout("held");
    const listed = JSON.parse((await sandbox.run(["lock", "list", "-o", "json"])).stdout);
    expect(listed.map(({ name, pid, waiting }: Record<string, unknown>) => ({ name, pid, waiting }))).toEqual(
      [
        { name: "\u0001once\u0001k", pid: script.pid, waiting: 0 },
        { name: "mine", pid: script.pid, waiting: 0 },
      ],
    );
    expect((await sandbox.run(["lock", "list"])).stdout).toMatch(/^\(once\) k {3,}run \w+ on /m);
    const shown = JSON.parse((await sandbox.run(["lock", "show", "mine", "-o", "json"])).stdout);
    expect(shown).toMatchObject({ name: "mine", label: null, task: null, command: null });
    expect((await sandbox.run(["lock", "show", "mien"])).stderr).toBe(
      'Cannot show lock "mien": nobody holds it. Did you mean "mine"?\n',
    );
    const released = await sandbox.run(["lock", "release", "mine", "-y", "-o", "json"]);
    expect(JSON.parse(released.stdout)).toEqual({ name: "mine", released: true });
    expect((await sandbox.run(["lock", "release", "mine"])).stdout).toBe('"mine" was not held.\n');
  });
});
