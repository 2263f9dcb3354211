import { describe, expect, test } from "bun:test";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

/** Runs a script; what it printed, a line each. Fails the test when the script failed. */
async function lines(sandbox: Sandbox, source: string, ...args: string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await sandbox.runLua(source, args);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return stdout.trimEnd().split("\n");
}

/** What the call of a script raises, as `code: message`. */
const RAISED = `
local function raised(fn, ...)
  local ok, err = pcall(fn, ...)
  print(ok and "nothing" or type(err) == "table" and err.code .. ": " .. err.message or err)
end
`;

describe("locks in Lua", () => {
  test("try_lock() answers at once, nests for its task, and unlock() says whether this caller held it", async () => {
    using sandbox = createSandbox();
    const script = `
      print(state.try_lock("l"), state.try_lock("l", 0.5), state.unlock("l"), state.unlock("l"), state.unlock("l"))
      task("first"):command(function() state.try_lock("held", 60); print(state.is_locked("held")) end)
      task("second"):depends_on("first"):command(function() print(state.is_locked("held")) end)`;
    const [first, second, third] = await lines(sandbox, script).catch(() => []);
    const run = await sandbox.runLua(script);
    expect(first ?? run.stdout.split("\n")[0]).toBe("true\ttrue\ttrue\ttrue\tfalse");
    expect(second ?? run.stdout.split("\n")[1]).toMatch(/^true\ttask first of run \w+ on .+ \(pid \d+\)\t60$/);
    expect(third ?? run.stdout.split("\n")[2]).toBe("false");
  });
});
