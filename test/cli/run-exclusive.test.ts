import { expect, test } from "bun:test";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { untilEnded } from "../helpers/alive.ts";
import { createSandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

async function untilExists(path: string): Promise<void> {
  while (!existsSync(path)) await Bun.sleep(2);
}

test("exclusive keeps two runs of one file apart, also by a link to it", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "script.lua",
    `exclusive = true
task({ name = "a", command = "touch started; while ! test -e ok; do sleep 0.01; done" })`,
  );
  symlinkSync("script.lua", join(sandbox.work, "link.lua"));
  const running = sandbox.spawn(["run", "script.lua"], PATH);
  await untilExists(join(sandbox.work, "started"));
  for (const file of ["script.lua", "link.lua"]) {
    const { stderr, exitCode } = await sandbox.run(["run", file], PATH);
    expect(stderr).toContain(`Cannot run ${file}: it is exclusive, and run `);
    expect(exitCode).toBe(4);
  }
  sandbox.write("ok", "");
  expect((await running.finished).exitCode).toBe(0);
  expect((await sandbox.run(["run", "script.lua"], PATH)).exitCode).toBe(0);
});

test("exclusive stops what a killed run has left before the next run begins", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "script.lua",
    `exclusive = true
task({ name = "a", command = [[
  if test -e ok; then
    case $(cut -d' ' -f3 /proc/$(cat child)/stat 2>/dev/null) in ""|Z|X) echo alone ;; *) echo two at once ;; esac
    exit
  fi
  sleep 1000 & echo $! > child; touch started; wait]] })`,
  );
  symlinkSync("script.lua", join(sandbox.work, "link.lua"));
  const running = sandbox.spawn(["run", "link.lua"], PATH);
  await untilExists(join(sandbox.work, "started"));
  running.kill("SIGKILL");
  await running.finished;
  sandbox.write("ok", "");
  const { stdout, stderr, exitCode } = await sandbox.run(["run", "script.lua"], PATH);
  expect({ stdout, exitCode }).toEqual({ stdout: "alone\n", exitCode: 0 });
  expect(stderr).toContain("Stopped what was still running of a,");
  await untilEnded(Number(readFileSync(join(sandbox.work, "child"), "utf8")));
});
