import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

/** Runs a shell line in which `$runner` is the binary. */
function shell(sandbox: Sandbox, line: string) {
  return Bun.spawnSync(["/bin/bash", "-c", `set -o pipefail; ${line}`], {
    cwd: sandbox.work,
    env: { HOME: sandbox.home, PATH: process.env.PATH ?? "", runner: sandbox.binary },
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a reader that has seen enough", () => {
  test("ends a script that prints for ever, without a word", () => {
    using sandbox = createSandbox();
    sandbox.write("spam.lua", "while true do print('spam') end");
    const { stdout, stderr, exitCode } = shell(sandbox, '"$runner" run spam.lua | head -1');
    expect({ stdout: stdout.toString(), stderr: stderr.toString(), exitCode }).toEqual({
      stdout: "spam\n",
      stderr: "",
      exitCode: 141,
    });
  });

  test("ends a task whose command prints for ever", () => {
    using sandbox = createSandbox();
    sandbox.write("spam.lua", "task({ name = 'spam', command = 'yes' })");
    const { stdout, exitCode } = shell(sandbox, '"$runner" run spam.lua | head -1');
    expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: "y\n", exitCode: 141 });
  });

  test.each([
    ["print", "while true do print('spam') end"],
    ["io.write", "while true do io.write('spam\\n') end"],
    [
      "io.write in a coroutine of its own",
      "coroutine.wrap(function() while true do io.write('spam\\n') end end)()",
    ],
    [
      "print where Lua cannot wait",
      "table.sort({ 3, 2, 1 }, function(a, b) while true do print('spam') end end)",
    ],
    ["print in a coroutine of the scheduler", "async.spawn(function() while true do print('spam') end end)"],
    [
      "print while a command runs",
      "async.spawn(function() exec.run('echo $$ > pid; exec sleep 60') end) while not fs.exists('pid') do time.sleep(0.01) end while true do print('spam') end",
    ],
  ])(
    "ends a run that prints by %s as SIGPIPE would: stopped, and to be taken up again",
    async (_how, code) => {
      using sandbox = createSandbox();
      const command = `task{name="a",command="true"} task{name="b",run=function() print("spam") time.sleep(0.1) ${code} end} task{name="c",run=function() fs.write("c","") end}`;
      sandbox.write("spam.lua", command);
      const { stdout, stderr, exitCode } = shell(sandbox, '"$runner" run spam.lua | head -1');
      const [, id] = /--resume (\w+)/.exec(stderr.toString()) ?? [];
      expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: "spam\n", exitCode: 141 });
      expect(stderr.toString()).toEndWith(
        `\nNobody reads what it prints. Take it up again: runner run --resume ${id}\n`,
      );
      const { stdout: runs } = await sandbox.run(["runs", "list", "-o", "json"]);
      expect(runs).toContain('"stopped"');
      expect(await Bun.file(join(sandbox.work, "c")).exists()).toBe(false);
      const pid = Bun.file(join(sandbox.work, "pid"));
      if (await pid.exists()) expect(isAlive(Number(await pid.text()))).toBe(false);
    },
  );
});

test("Ctrl-C lets a command clean up before it is killed", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "wait.lua",
    "exec.run([[trap 'echo cleaned > cleaned; exit' TERM; echo > started; while :; do sleep 0.05; done]])",
  );
  const run = sandbox.spawn(["run", "wait.lua"], { env: { PATH: process.env.PATH ?? "" } });
  while (!(await Bun.file(join(sandbox.work, "started")).exists())) await Bun.sleep(5);
  run.kill("SIGINT");
  expect((await run.finished).exitCode).toBe(130);
  expect(await Bun.file(join(sandbox.work, "cleaned")).text()).toBe("cleaned\n");
});
