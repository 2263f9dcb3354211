import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { isRunning, untilEnded } from "../helpers/alive.ts";
import { createSandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

describe("os.exit() inside a task", () => {
  const FILE = `
workflow.define("w", {
  on_complete = function(ok) print("complete", ok) end,
  tasks = {
    task({ name = "a", command = function() print("a") end }),
    task({
      name = "b",
      lock = "l",
      retries = 3,
      command = function()
        local guard <close> = setmetatable({}, { __close = function() print("closed") end })
        pcall(os.exit, values.code)
        print("never")
      end,
      on_success = function() time.sleep(0.001) print("success") end,
      on_failure = function(_, _, message) time.sleep(0.001) print("failure", message) end,
    }),
    task({ name = "c", depends_on = "b", command = "echo c" }),
  },
})`;

  test("ends the run with its code: hooks run, the lock is free, what is left is skipped", async () => {
    using sandbox = createSandbox();
    const ended = await sandbox.runLua(FILE, ["--set", "code=7"], PATH);
    expect(ended.stdout).toBe("a\nclosed\nfailure\tit ended the run: os.exit(7)\ncomplete\tfalse\n");
    expect(ended.stderr).toContain('skipped: "w.b" ended the run: os.exit(7)');
    expect(ended.stderr).toContain("w.b failed: it ended the run: os.exit(7)");
    expect(ended.stderr).toContain(": 1 done, 1 skipped, 1 failed");
    expect(ended.exitCode).toBe(7);
    expect((await sandbox.run(["lock", "list"])).stderr).toBe("No lock is held.\n");
    const { stdout } = await sandbox.run(["runs", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "failed", exit_code: 7 }]);
  });

  test("with 0 is a success of its task, after which a resume does what is left", async () => {
    using sandbox = createSandbox();
    const ended = await sandbox.runLua(FILE, ["--set", "code=0"], PATH);
    expect(ended.stdout).toBe("a\nclosed\nsuccess\ncomplete\ttrue\n");
    expect(ended.stderr).toContain("Do what is left: runner run --resume ");
    expect(ended.exitCode).toBe(0);
    const { stdout } = await sandbox.run(["runs", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "stopped", exit_code: 0 }]);
    const resumed = await sandbox.run(["run", "--resume"], PATH);
    expect(resumed.stdout).toBe("c\ncomplete\ttrue\n");
    expect(resumed.stderr).toMatch(/^3 tasks in .* s: 3 done \(2 of them before\)$/m);
  });

  test("stops what is under way, with its processes", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.runLua(
      `
task({ name = "shell", command = "sleep 1000 & echo $! > pid; wait" })
task({ name = "waits", command = function() time.sleep(1000) end })
task({ name = "exits", command = function()
  while not fs.exists("pid") do time.sleep(0.001) end
  os.exit(3)
end })`,
      ["--jobs", "3"],
      PATH,
    );
    expect(stderr).toContain('shell failed: "exits" ended the run: os.exit(3)');
    expect(stderr).toContain('waits failed: "exits" ended the run: os.exit(3)');
    expect(exitCode).toBe(3);
    await untilEnded(Number(readFileSync(join(sandbox.work, "pid"), "utf8")));
  });

  test("in a condition skips its task, in a handler ends the run as well", async () => {
    using sandbox = createSandbox();
    const condition = await sandbox.runLua(
      `task({ name = "a", run_if = function() os.exit(0) end, command = "true" })`,
      [],
      PATH,
    );
    expect(condition.stderr).toContain("skipped: it ended the run: os.exit(0)");
    expect(condition.exitCode).toBe(0);
    const before = await sandbox.runLua(
      `task({ name = "a", once = "a", pre_exec = function() os.exit(0) end, command = "true" })`,
      [],
      PATH,
    );
    expect(before.stderr).toContain("skipped: it ended the run: os.exit(0)");
    const handler = await sandbox.runLua(
      `workflow.define("w", { on_start = function() os.exit(4) end, tasks = { { name = "a", command = "true" } } })`,
      [],
      PATH,
    );
    expect(handler.stderr).toContain("a handler ended the run: os.exit(4)");
    expect(handler.exitCode).toBe(4);
  });
});

describe.skipIf(Bun.which("setsid") === null)("a process that has left the group of its command", () => {
  const STRAY = "setsid sh -c 'echo $$ > pid.tmp; mv pid.tmp pid; exec sleep 1000' & wait; sleep 1000";

  test.each([
    ["a shell line", JSON.stringify(STRAY)],
    ["a function", `function() exec.run(${JSON.stringify(STRAY)}) end`],
  ])("is stopped with its task when the time is over: %s", async (_, command) => {
    using sandbox = createSandbox();
    const { exitCode } = await sandbox.runLua(
      `task({ name = "a", timeout = "300ms", command = ${command} })`,
      [],
      PATH,
    );
    expect(exitCode).toBe(1);
    await untilEnded(Number(readFileSync(join(sandbox.work, "pid"), "utf8")));
  });

  test("is stopped by Ctrl-C, and one of a task that has ended is left alone", async () => {
    using sandbox = createSandbox();
    const daemon =
      "setsid sh -c 'echo $$ > daemon; exec sleep 1000' >/dev/null 2>&1 & while ! test -s daemon; do sleep 0.01; done";
    sandbox.write(
      "script.lua",
      `task({ name = "a", command = ${JSON.stringify(daemon)} }) task({ name = "b", command = ${JSON.stringify(STRAY)} })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    while (!existsSync(join(sandbox.work, "pid"))) await Bun.sleep(2);
    running.kill("SIGINT");
    expect((await running.finished).exitCode).toBe(130);
    await untilEnded(Number(readFileSync(join(sandbox.work, "pid"), "utf8")));
    const left = Number(readFileSync(join(sandbox.work, "daemon"), "utf8"));
    expect(isRunning(left)).toBe(true);
    process.kill(left, "SIGKILL");
  });
});

describe("a second Ctrl-C", () => {
  test("kills what does not hear the first one", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `task({ name = "a", command = "trap '' TERM INT; echo $$ > pid; sleep 55.2; sleep 55.3" })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    const path = join(sandbox.work, "pid");
    while (!existsSync(path) || readFileSync(path, "utf8") === "") await Bun.sleep(5);
    const pid = Number(readFileSync(path, "utf8"));
    running.kill("SIGINT");
    await Bun.sleep(100);
    running.kill("SIGINT");
    expect((await running.finished).exitCode).toBe(130);
    await untilEnded(pid);
  });
});

describe.skipIf(Bun.which("setsid") === null)("a signal while a task computes", () => {
  const loop = "while true do end";
  const pattern = 'string.find(("a"):rep(5e5), (".-"):rep(50) .. "b")';
  test.concurrent.each([
    ["SIGINT", loop],
    ["SIGTERM", pattern],
    ["SIGHUP", loop],
    ["SIGINT", pattern],
  ] as const)(
    "ends commands that hear none, and what left their groups: %s in %s",
    async (signal, computing) => {
      using sandbox = createSandbox();
      const deaf = (name: string) =>
        `trap '' INT TERM HUP; echo $$ > ${name}.tmp; mv ${name}.tmp ${name}; while :; do sleep 54.1; done`;
      sandbox.write("stray.sh", deaf("stray"));
      sandbox.write(
        "script.lua",
        `
task({ name = "deaf", command = ${JSON.stringify(deaf("deaf"))} })
task({ name = "two words", command = "trap '' INT TERM HUP; setsid sh stray.sh & sleep 54.2" })
task({ name = "computes", command = function()
  while not (fs.exists("deaf") and fs.exists("stray")) do time.sleep(0.001) end
  fs.write("busy", "")
  ${computing}
end })`,
      );
      const running = sandbox.spawn(["run", "script.lua", "--jobs", "3"], PATH);
      const pidIn = (name: string) => Number(readFileSync(join(sandbox.work, name), "utf8"));
      while (!existsSync(join(sandbox.work, "busy"))) await Bun.sleep(2);
      // Nobody can hear one in a pattern.
      while (computing === pattern && has("SigCgt", running.pid, signal)) await Bun.sleep(2);
      // What ends them outlives runner although everyone gets the signal, once all have begun to ignore it.
      const children = childrenOf(running.pid);
      while (!children.every((child) => has("SigIgn", child, signal))) await Bun.sleep(2);
      for (const child of children) process.kill(child, signal);
      running.kill(signal);
      expect((await running.finished).exitCode).toBe(128 + constants.signals[signal]);
      await Promise.all([untilEnded(pidIn("deaf")), untilEnded(pidIn("stray"))]);
    },
  );
});

/** Whether a process catches or ignores a signal. */
function has(field: "SigCgt" | "SigIgn", pid: number, signal: NodeJS.Signals): boolean {
  const [, mask = "0"] =
    new RegExp(`^${field}:\\s*(\\w+)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (BigInt(`0x${mask}`) & (1n << BigInt(constants.signals[signal] - 1))) !== 0n;
}

function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return list.split(" ").filter(Boolean).map(Number);
}

describe.if(existsSync("/dev/full"))("a full disk behind stdout", () => {
  test.each([
    ["a shell line", 'task({ name = "a", command = "echo text" })', ""],
    ["print", 'task({ name = "a", command = function() print("text") end })', ""],
    ["print at the top level", 'print("text")', ""],
    ["events", 'task({ name = "a", command = "true" })', " -o json"],
  ])("ends the run with 6, by %s", async (_, source, more) => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", source);
    const line = `"${sandbox.binary}" run script.lua${more} > /dev/full`;
    const child = Bun.spawn(["/bin/sh", "-c", line], {
      cwd: sandbox.work,
      env: { HOME: sandbox.home, PATH: process.env.PATH ?? "" },
      stdin: "ignore",
      stderr: "pipe",
    });
    expect(await child.stderr.text()).toContain("Cannot print the result: ENOSPC: no space left on device");
    expect(await child.exited).toBe(6);
  });
});
