import { expect, test } from "bun:test";
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
