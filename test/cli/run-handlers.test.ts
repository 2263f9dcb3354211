import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** What the handlers have written; nothing yet is empty. */
function logOf({ work }: Sandbox): string {
  const path = join(work, "log");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe("on_complete", () => {
  test("is called once, also when it ends the run itself", async () => {
    using sandbox = createSandbox();
    const { exitCode } = await sandbox.runLua(
      `
workflow.define("g", {
  tasks = { { name = "a", command = "true" } },
  on_complete = function() fs.append("log", "g\\n") os.exit(3) end,
})`,
      [],
      PATH,
    );
    expect({ exitCode, log: logOf(sandbox) }).toEqual({ exitCode: 3, log: "g\n" });
  });

  test("is called by a resume when runner was killed in it, and not once it has ended well", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
workflow.define("g", {
  tasks = { { name = "a", command = "echo a" } },
  on_complete = function(ok)
    fs.append("log", "begin " .. tostring(ok) .. "\\n")
    while not fs.exists("go") do time.sleep(0.01) end
    fs.append("log", "end\\n")
  end,
})
workflow.define("h", {
  tasks = { { name = "b", command = "test -e fine" } },
  on_complete = function(ok) fs.append("log", "h " .. tostring(ok) .. "\\n") end,
})`,
    );
    const running = sandbox.spawn(["run", "script.lua", "--keep-going"], PATH);
    while (logOf(sandbox) !== "begin true\n") await Bun.sleep(2);
    running.kill("SIGKILL");
    await running.finished;
    sandbox.write("go", "");
    const second = await sandbox.run(["run", "--resume"], PATH);
    expect(second.exitCode).toBe(1);
    expect(logOf(sandbox)).toBe("begin true\nbegin true\nend\nh false\n");
    sandbox.write("fine", "");
    const third = await sandbox.run(["run", "--resume"], PATH);
    expect(third.exitCode).toBe(0);
    expect(logOf(sandbox)).toBe("begin true\nbegin true\nend\nh false\nh true\n");
  });

  test("is not called again when runner was killed in that of another workflow", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
local function complete(name, wait)
  return function()
    fs.append("log", name)
    while wait and not fs.exists("go") do time.sleep(0.01) end
  end
end
workflow.define("g", { tasks = { { name = "a", command = "true" } }, on_complete = complete("g") })
workflow.define("h", { tasks = { { name = "b", command = "true" } }, on_complete = complete("h", true) })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    while (logOf(sandbox) !== "gh") await Bun.sleep(2);
    running.kill("SIGKILL");
    await running.finished;
    sandbox.write("go", "");
    expect((await sandbox.run(["run", "--resume"], PATH)).exitCode).toBe(0);
    expect(logOf(sandbox)).toBe("ghh");
  });

  test("is called again by a resume when it raised, and named by runs show until then", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `workflow.define("g", {
  tasks = { { name = "a", command = "echo a" } },
  on_complete = function(ok) if not fs.exists("go") then error("no go") end print("completed", ok) end,
})`,
    );
    const first = await sandbox.run(["run", "script.lua"], PATH);
    expect(first.exitCode).toBe(1);
    const shown = await sandbox.run(["runs", "show", first.stderr.match(/run (\w+)/)?.[1] ?? ""], PATH);
    expect(shown.stdout).toMatch(/on_complete of "g" raised: .*no go/);
    const again = await sandbox.run(["run", "--resume"], PATH);
    expect(again).toMatchObject({ exitCode: 1, stdout: "" });
    sandbox.write("go", "");
    const last = await sandbox.run(["run", "--resume"], PATH);
    expect(last).toMatchObject({ exitCode: 0, stdout: "completed\ttrue\n" });
    const { stdout } = await sandbox.run(["runs", "-o", "json"], PATH);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "ok", problems: [] }]);
  });
});
