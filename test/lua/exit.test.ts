import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

/** Every place from which a script can end its run. */
const PLACES: [where: string, source: string][] = [
  ["the main chunk", "os.exit(7)"],
  ["pcall", "pcall(os.exit, 7)"],
  ["a coroutine", "coroutine.wrap(function() pcall(os.exit, 7) end)()"],
  ["a coroutine in a coroutine", "coroutine.wrap(function() coroutine.wrap(os.exit)(7) end)()"],
  ["a sort comparator", "pcall(table.sort, { 2, 1 }, function() pcall(os.exit, 7) end)"],
  [
    "a coroutine in a gsub callback",
    "string.gsub('a', 'a', function() pcall(coroutine.wrap(os.exit), 7) end)",
  ],
  ["__tostring", "tostring(setmetatable({}, { __tostring = function() os.exit(7) end }))"],
  [
    "__gc",
    "setmetatable({}, { __gc = function() os.exit(7) end }) collectgarbage() local n = 0 while n < 1e7 do n = n + 1 end",
  ],
  ["a coroutine that was spawned", "async.spawn(function() os.exit(7) end)"],
  ["one that was spawned and has waited", "async.spawn(function() time.sleep(0) os.exit(7) end):await()"],
  ["inside of a transaction", "state.transaction(function(tx) tx.set('never', 1) os.exit(7) end)"],
  ["inside of a lock", "state.with_lock('l', function() os.exit(7) end)"],
];

describe("os.exit()", () => {
  test("ends a plain script also when the collector calls it after the last line", async () => {
    using sandbox = createSandbox();
    // A coroutine that failed is looked for with a collection.
    const source = `async.spawn(error, "x") setmetatable({}, { __gc = function() os.exit(7) end })`;
    expect((await sandbox.runLua(source)).exitCode).toBe(7);
  });

  test.each(PLACES)("ends a plain script from %s, with its code", async (_, source) => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.runLua(
      `io.write("written ") print("printed") ${source} print("went on")`,
    );
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: "written printed\n", stderr: "", exitCode: 7 });
    expect((await sandbox.run(["state", "get", "never"])).exitCode).toBe(3);
    expect((await sandbox.run(["lock", "run", "l", "--wait", "0s", "--", "/bin/true"])).exitCode).toBe(0);
  });

  test.each(PLACES)("ends a run from %s of a task", async (_, source) => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua(`
      task{ name = "a", run = function() print("printed") ${source} print("went on") end }
      task{ name = "b", depends_on = "a", run = function() print("b") end }`);
    expect({ stdout, exitCode }).toEqual({ stdout: "printed\n", exitCode: 7 });
  });

  test("writes out what C buffers, and closes variables", async () => {
    using sandbox = createSandbox();
    await sandbox.runLua(`
      local file = io.open("file", "w") file:write("kept")
      local x <close> = setmetatable({}, { __close = function() fs.write("closed", "") end })
      os.exit()`);
    const { stdout } = await sandbox.runLua('print(fs.read("file"), fs.exists("closed"))');
    expect(stdout).toBe("kept\ttrue\n");
  });
});
