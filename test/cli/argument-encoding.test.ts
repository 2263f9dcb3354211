import { expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

/** Runs the binary with arguments that JavaScript strings cannot hold. */
function runBytes(line: string) {
  using sandbox = createSandbox();
  const script = `"$0" ${line}`;
  return Bun.spawnSync(["/bin/bash", "-c", script, sandbox.binary], {
    cwd: sandbox.work,
    env: { HOME: sandbox.home },
  });
}

test.each(["state set $'\\xff' x", "state set v $'a\\xffb'", "run x.lua --set a=$'\\xff'"])(
  "runner %s refuses bytes that are not UTF-8 rather than store something else",
  (line) => {
    const { exitCode, stderr } = runBytes(line);
    expect(stderr.toString()).toContain("it is not valid UTF-8");
    expect(exitCode).toBe(2);
  },
);

test("runner state set stores the replacement character itself", () => {
  const { exitCode, stdout } = runBytes("state set v $'a\\xef\\xbf\\xbdb' && \"$0\" state get v");
  expect(exitCode).toBe(0);
  expect(stdout.toString()).toEndWith("a\ufffdb\n");
});
