import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** How many tasks run at the same time at most, of each group and in all, by the order of their events. */
async function most(sandbox: Sandbox, ...args: string[]): Promise<Record<string, number>> {
  const { stdout } = await sandbox.run(["run", "script.lua", "-o", "json", ...args], PATH);
  const running = new Set<string>();
  const highest: Record<string, number> = {};
  for (const line of stdout.trimEnd().split("\n")) {
    const { event, task } = JSON.parse(line);
    if (event === "task_ended") running.delete(task);
    if (event !== "task_started") continue;
    running.add(task);
    const group = (name: string) => name.split(".")[0] ?? "";
    const beside = [...running].filter((name) => group(name) === group(task)).length;
    highest[group(task)] = Math.max(highest[group(task)] ?? 0, beside);
    highest.all = Math.max(highest.all ?? 0, running.size);
  }
  return highest;
}

describe("max_parallel_tasks", () => {
  const group = (name: string, tasks: string, jobs: number) =>
    `workflow.define("${name}", { config = { max_parallel_tasks = ${jobs} }, tasks = { ${tasks} } })\n`;
  const each = (names: string, command: string) =>
    [...names].map((name) => `{ name = "${name}", command = "${command}" }`).join(", ");
  const sleeps = (names: string) => each(names, "sleep 0.1");

  test("is the most tasks of its group that run at the same time, within --jobs", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", group("g", each("abcd", ":"), 1) + group("h", sleeps("abcd"), 3));
    expect(await most(sandbox, "--jobs", "4")).toEqual({ g: 1, h: 3, all: 4 });
    expect(await most(sandbox, "--jobs", "2")).toEqual({ g: 1, h: 2, all: 2 });
    expect(await most(sandbox, "--jobs", "1")).toEqual({ g: 1, h: 1, all: 1 });
  });

  test("lets so many of its group run without --jobs, and nothing beside them", async () => {
    using sandbox = createSandbox();
    const task = (name: string) => `task({ name = "${name}", command = "sleep 0.1" })\n`;
    const script =
      task("before") + group("g", sleeps("abcd"), 3) + task("after") + group("h", sleeps("abc"), 2);
    sandbox.write("script.lua", script);
    expect(await most(sandbox)).toEqual({ before: 1, g: 3, after: 1, h: 2, all: 3 });
  });
});

test("the timeout of a group keeps those of its tasks from starting that have not", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "script.lua",
    `
workflow.define("g", { config = { timeout = "0.3s" }, tasks = {
  { name = "a", command = "sleep 1000" },
  { name = "b", command = "touch b" },
  { name = "c", command = function() fs.write("c", "") end, next_if_fail = "a" },
} })
task({ name = "d", command = "echo d" })`,
  );
  const { stdout, stderr, exitCode } = await sandbox.run(["run", "script.lua", "--keep-going"], PATH);
  expect({ stdout, exitCode }).toEqual({ stdout: "d\n", exitCode: 1 });
  expect(stderr).toMatch(/g\.b .*skipped: the time of "g" was over/);
  expect(stderr).toMatch(/g\.c .*skipped: the time of "g" was over/);
  expect(["b", "c"].filter((name) => existsSync(join(sandbox.work, name)))).toEqual([]);
});

test("the timeout of a group fails the run also when none of its tasks was under way", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "script.lua",
    `
workflow.define("g", { config = { timeout = "0.2s" }, on_complete = function(ok) print(ok) end, tasks = {
  { name = "a", command = "true" },
  { name = "b", depends_on = "between", command = "touch b" },
} })
task({ name = "between", depends_on = "a", command = "sleep 0.4" })`,
  );
  const { stdout, stderr, exitCode } = await sandbox.run(["run", "script.lua"], PATH);
  expect([exitCode, stdout, existsSync(join(sandbox.work, "b"))]).toEqual([1, "false\n", false]);
  expect(stderr).toContain('the tasks of "g" took longer than 0.2 s');
});

test("the timeout of a group keeps a task from starting after an on_start that took longer", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "script.lua",
    `workflow.define("g", { config = { timeout = "0.1s" }, on_start = function() time.sleep(0.3) end,
  tasks = { { name = "a", command = "touch a" } } })`,
  );
  const { stderr, exitCode } = await sandbox.run(["run", "script.lua"], PATH);
  expect([exitCode, existsSync(join(sandbox.work, "a"))]).toEqual([1, false]);
  expect(stderr).toContain('the tasks of "g" took longer than 0.1 s');
});
