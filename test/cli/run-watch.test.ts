import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";

test("runner run --watch runs again when the content of a source or of the task file changes", async () => {
  using sandbox = createSandbox();
  const PATH = { env: { PATH: process.env.PATH ?? "" } };
  sandbox.write("in/x.txt", "one");
  sandbox.write("script.lua", 'task({ name = "a", sources = "in/*.txt", command = "cat in/x.txt" })');
  const running = sandbox.spawn(["run", "script.lua", "--watch"], PATH);
  await running.untilStdout("one");
  await running.untilStderr("Waiting for changes");
  sandbox.write("in/x.txt", "two");
  await running.untilStdout("onetwo");
  sandbox.write("script.lua", "task({");
  await running.untilStderr("script.lua:1: ");
  sandbox.write("script.lua", 'task({ name = "a", command = "echo three" })');
  await running.untilStdout("onetwothree");
  running.kill("SIGINT");
  expect((await running.finished).exitCode).toBe(130);
}, 30_000);

test("runner run --watch runs again when a source changed during the run, not for what a task makes", async () => {
  using sandbox = createSandbox();
  const PATH = { env: { PATH: process.env.PATH ?? "" } };
  sandbox.write("in", "one");
  sandbox.write(
    "script.lua",
    `
task({ name = "a", sources = "in", command = "cat in; touch begun; until [ -e go ]; do sleep 0.01; done" })
task({ name = "b", generates = "made", command = "date +%N > made" })
task({ name = "c", sources = "made", command = "printf ." })`,
  );
  const running = sandbox.spawn(["run", "script.lua", "--watch"], PATH);
  while (!existsSync(join(sandbox.work, "begun"))) await Bun.sleep(2);
  sandbox.write("in", "two");
  sandbox.write("go", "");
  await running.untilStdout("one.two");
  sandbox.write("script.lua", 'task({ name = "d", command = "echo end" })');
  await running.untilStdout("end");
  running.kill("SIGINT");
  expect((await running.finished).stdout).toBe("one.twoend\n");
}, 30_000);

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends runner run --watch while it waits, runs a command, or computes",
  async (signal) => {
    using sandbox = createSandbox();
    const PATH = { env: { PATH: process.env.PATH ?? "" } };
    const scripts = [
      'task({ name = "a", command = "echo under way" })',
      'task({ name = "a", command = "echo under way; sleep 1000" })',
      'task({ name = "a", command = function() print("under way") while true do end end })',
      'print("under way") while true do pcall(string.rep, "x", 10) end',
    ];
    for (const [i, script] of scripts.entries()) {
      sandbox.write("script.lua", script);
      const running = sandbox.spawn(["run", "script.lua", "--watch"], PATH);
      await running.untilStdout("under way");
      if (i === 0) await running.untilStderr("Waiting for changes");
      running.kill(signal);
      expect([script, (await running.finished).exitCode]).toEqual([script, signal === "SIGINT" ? 130 : 143]);
    }
  },
);
