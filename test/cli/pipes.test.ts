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

describe("a reader that has seen enough", () => {
  test("ends a script that prints for ever, without a word", () => {
    using sandbox = createSandbox();
    sandbox.write("spam.lua", "while true do print('spam') end");
    const { stdout, stderr, exitCode } = shell(sandbox, '"$runner" run spam.lua | head -1');
    expect({ stdout: stdout.toString(), stderr: stderr.toString(), exitCode }).toEqual({
      stdout: "spam\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("ends a task whose command prints for ever", () => {
    using sandbox = createSandbox();
    sandbox.write("spam.lua", "task({ name = 'spam', command = 'yes' })");
    expect(shell(sandbox, '"$runner" run spam.lua | head -1').stdout.toString()).toBe("y\n");
  });
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
