import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

async function untilExists(path: string): Promise<void> {
  while (!existsSync(path)) await Bun.sleep(2);
}

/** Whether each task would run and why, as `--explain` says it to programs. */
async function explain(sandbox: Sandbox, ...args: string[]): Promise<Record<string, unknown[]>> {
  const { stdout } = await sandbox.run(["run", "script.lua", "--explain", "-o", "json", ...args], PATH);
  const forecasts: { task: string; runs: boolean | null; reason: string }[] = JSON.parse(stdout);
  return Object.fromEntries(forecasts.map(({ task, runs, reason }) => [task, [runs, reason]]));
}

describe("sources", () => {
  test("that change while their task runs have changed", async () => {
    using sandbox = createSandbox();
    sandbox.write("in", "one");
    sandbox.write(
      "script.lua",
      `task({ name = "a", sources = "in", generates = "out",
        command = "cat in > out; touch begun; until [ -e go ]; do sleep 0.01; done" })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await untilExists(join(sandbox.work, "begun"));
    sandbox.write("in", "two");
    sandbox.write("go", "");
    expect((await running.finished).exitCode).toBe(0);
    expect(await explain(sandbox)).toEqual({ a: [true, "its sources have changed"] });
    await sandbox.run(["run", "script.lua"], PATH);
    expect(readFileSync(join(sandbox.work, "out"), "utf8")).toBe("two");
    expect(await explain(sandbox)).toEqual({ a: [false, "up to date"] });
  });

  test("do not change by what their task generates among them", async () => {
    using sandbox = createSandbox();
    sandbox.write("x.txt", "one");
    sandbox.write(
      "script.lua",
      'task({ name = "a", sources = "*", generates = "out", command = "date > out" })',
    );
    await sandbox.run(["run", "script.lua"], PATH);
    expect(await explain(sandbox)).toEqual({ a: [false, "up to date"] });
  });

  test("are not all: what a task does and where counts too", async () => {
    using sandbox = createSandbox();
    sandbox.write("in", "one");
    sandbox.write("other/in", "one");
    const script = (body: string, v = "values.v or 1") => `
task({ name = "line", sources = "in", env = { V = ${v}, W = 2 }, command = "echo $V" })
task({ name = "place", sources = "in", workdir = values.w, command = "cat in" })
task({ name = "fn", sources = "in", params = { b = { 2, x = 1.5 }, a = ${v} }, command = function(this, params)
  ${body}
end })`;
    sandbox.write("script.lua", script("print(params.a)"));
    const upToDate = { line: [false, "up to date"], place: [false, "up to date"], fn: [false, "up to date"] };
    const changed = [true, "its definition has changed"];
    const elsewhere = [true, "it has not succeeded before"];
    await sandbox.run(["run", "script.lua"], PATH);
    expect(await explain(sandbox)).toEqual(upToDate);
    expect(await explain(sandbox, "--set", "v=2")).toEqual({ ...upToDate, line: changed, fn: changed });
    expect(await explain(sandbox, "--set", "w=other")).toEqual({ ...upToDate, place: elsewhere });
    await sandbox.run(["run", "script.lua", "-C", "other"], PATH);
    // What was done elsewhere takes nothing from what was done here.
    expect(await explain(sandbox)).toEqual(upToDate);
    sandbox.write("script.lua", `-- a line more\n${script("print(params.a, 2)")}`);
    expect(await explain(sandbox)).toEqual({ ...upToDate, fn: changed });
  });
});

test("generates that are missing after a success are told", async () => {
  using sandbox = createSandbox();
  sandbox.write(
    "script.lua",
    'task({ name = "a", generates = { "out/*", "made" }, command = "touch made" })',
  );
  const { stderr, exitCode } = await sandbox.run(["run", "script.lua"], PATH);
  expect(exitCode).toBe(0);
  expect(stderr).toContain('a: it has made no "out/*", which it generates: it will run each time');
  expect(stderr).not.toContain('"made"');
});

describe("once", () => {
  const task = (name: string) => `task({ name = "${name}", once = "k", command = function()
  fs.append("log", "x")
  while not fs.exists("go") do time.sleep(0.01) end
  return fs.exists("fine"), "not fine"
end })\n`;

  test("runs one of two tasks of a key, the other waits for it", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", task("a") + task("b"));
    const running = sandbox.spawn(["run", "script.lua", "-j", "2"], PATH);
    await untilExists(join(sandbox.work, "log"));
    sandbox.write("fine", "");
    sandbox.write("go", "");
    const { exitCode, stderr } = await running.finished;
    expect([exitCode, readFileSync(join(sandbox.work, "log"), "utf8")]).toEqual([0, "x"]);
    expect(stderr).toContain('skipped: done before (once "k")');
  });

  test("runs one at a time in two processes, the next when that failed", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", task("a"));
    const first = sandbox.spawn(["run", "script.lua"], PATH);
    await untilExists(join(sandbox.work, "log"));
    const second = sandbox.spawn(["run", "script.lua"], PATH);
    const third = sandbox.spawn(["run", "script.lua"], PATH);
    await Promise.all([second.untilStderr("run "), third.untilStderr("run ")]);
    sandbox.write("go", "");
    expect((await first.finished).exitCode).toBe(1);
    await Promise.all([second.finished, third.finished]);
    expect(readFileSync(join(sandbox.work, "log"), "utf8")).toBe("xxx");
    sandbox.write("fine", "");
    await Promise.all([1, 2, 3].map(() => sandbox.run(["run", "script.lua"], PATH)));
    expect(readFileSync(join(sandbox.work, "log"), "utf8")).toBe("xxxx");
  });
});

test("once lets its task call state.once with the same key", async () => {
  using sandbox = createSandbox();
  const call = 'state.once("k", function() print("did") return "it" end)';
  sandbox.write(
    "script.lua",
    `task({ name = "a", once = "k", command = function() return { n = ${call} } end })`,
  );
  expect(await sandbox.run(["run", "script.lua"], PATH)).toMatchObject({ exitCode: 0, stdout: "did\n" });
  const again = await sandbox.run(["run", "script.lua"], PATH);
  expect(again.stderr).toContain('skipped: done before (once "k")');
});

describe("runner run --explain", () => {
  test("says perhaps of sources that another task may make as they were", async () => {
    using sandbox = createSandbox();
    sandbox.write("in", "one");
    sandbox.write(
      "script.lua",
      `
task({ name = "gen", sources = "in", generates = "out/gen.txt", command = "mkdir -p out; cat in > out/gen.txt" })
task({ name = "two", sources = "out/gen.txt", depends_on = "gen", command = "true" })`,
    );
    await sandbox.run(["run", "script.lua"], PATH);
    sandbox.write("out/gen.txt", "another");
    expect(await explain(sandbox)).toEqual({
      gen: [true, "what it generates has changed"],
      two: [null, "its sources have changed, unless gen makes them as they were"],
    });
    const { stderr } = await sandbox.run(["run", "script.lua"], PATH);
    expect(stderr).toContain("1 done, 1 skipped");
  });

  test("says perhaps of a task with the once key of one before it", async () => {
    using sandbox = createSandbox();
    const task = (name: string) => `task({ name = "${name}", once = "k", command = "true" })\n`;
    sandbox.write("script.lua", task("a") + task("b"));
    expect(await explain(sandbox)).toEqual({
      a: [true, 'never done (once "k")'],
      b: [null, 'never done (once "k"), unless a does it before'],
    });
  });
});
