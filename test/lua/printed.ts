import { expect } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

/** `raised(fn, …)` prints what the call raises, as `code: message`. */
export const RAISED = `
local function raised(fn, ...)
  local ok, err = pcall(fn, ...)
  print(ok and "nothing" or type(err) == "table" and err.code and err.code .. ": " .. err.message or err)
end
`;

/** Runs a script, in which there is `raised`, in a fresh home; what it printed, a line each. Fails the test when the script failed. */
export async function printed(source: string): Promise<string[]> {
  using sandbox = createSandbox();
  const { stdout, stderr, exitCode } = await sandbox.runLua(RAISED + source);
  expect(exitCode === 0 ? "" : stderr).toBe("");
  return stdout.trimEnd().split("\n");
}
