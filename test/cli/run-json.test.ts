import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe("runner run -o json", () => {
  test("ends with run_ended also when the state cannot be used", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      'task({ name = "sh", command = ":" }) task({ name = "a", run = function() return { text = string.rep("x", 6e5) } end })',
    );
    const child = Bun.spawn(
      ["/bin/sh", "-c", `ulimit -f 800; exec "${sandbox.binary}" run script.lua -o json`],
      {
        cwd: sandbox.work,
        env: { HOME: sandbox.home },
        stdout: "pipe",
        stderr: "ignore",
      },
    );
    const [first, ...events] = eventsOf(await child.stdout.text());
    expect(await child.exited).toBe(6);
    expect(events.slice(-2).map(({ event }) => event)).toEqual(["script_failed", "run_ended"]);
    expect(events.at(-1)).toMatchObject({ exit_code: 6, run: first?.run });
    const none = await sandbox.run(["run", "script.lua", "-o", "json", "--db", "."], PATH);
    expect(eventsOf(none.stdout).at(-1)).toMatchObject({ event: "run_ended", exit_code: 6 });
    expect(none.exitCode).toBe(6);
  });

  test("ends with run_ended after a signal, and says nothing more", async () => {
    using sandbox = createSandbox();
    const command = "trap 'echo bye; exit' TERM; echo begun; while :; do sleep 0.01; done";
    sandbox.write("script.lua", `task({ name = "a", command = "${command}" })`);
    const running = sandbox.spawn(["run", "script.lua", "-o", "json"], PATH);
    await running.untilStdout("begun");
    running.kill("SIGQUIT");
    const { stdout, exitCode } = await running.finished;
    const events = eventsOf(stdout);
    expect(events.filter(({ event }) => event === "run_interrupted")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({
      event: "run_ended",
      exit_code: 131,
      done: 0,
      nothing_to_do: false,
    });
    expect(exitCode).toBe(131);
  });

  test.each([
    [["--bogus"], 'Cannot use "--bogus"'],
    [["--log-output", "foo"], 'Cannot use "--log-output foo"'],
    [["--jobs", "x"], 'Cannot use "--jobs x"'],
  ])("says what is wrong with its arguments: %p", async (args, message) => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", 'task({ name = "a", command = "true" })');
    const { stdout, stderr, exitCode } = await sandbox.run(["run", "script.lua", ...args, "-o", "json"]);
    expect(eventsOf(stdout)).toMatchObject([
      { event: "script_failed", error: { code: "usage", message: expect.stringContaining(message) } },
    ]);
    expect([stderr.includes(message), exitCode]).toEqual([true, 2]);
  });
});

test.each([
  [["runs", "show", "nope"], 3],
  [["runs", "show"], 2],
  [["runs", "shwo"], 2],
  [["list", "nofile.lua"], 3],
  [["graph", "--output=json", "--bogus"], 2],
])("%p -o json tells programs of its error", async (args, code) => {
  using sandbox = createSandbox();
  const { stdout, exitCode } = await sandbox.run([...args, "-ojson"]);
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: expect.any(String) } });
  expect(exitCode).toBe(code);
});

describe("os.exit() at the top level of a file with tasks", () => {
  const FILE = 'task({ name = "a", command = "true" })\nos.exit(values.code or 0)';

  test("ends the run with its code, and says that no task is run", async () => {
    using sandbox = createSandbox();
    const said = "script.lua ended itself by os.exit(7): none of the tasks";
    const { stderr, exitCode } = await sandbox.runLua(FILE, ["--set", "code=7"]);
    expect([stderr.includes(said), exitCode]).toEqual([true, 7]);
    const { stdout } = await sandbox.runLua(FILE, ["--set", "code=7", "-o", "json"]);
    expect(eventsOf(stdout)).toMatchObject([{ event: "warning", message: expect.stringContaining(said) }]);
  });

  test.each([
    [["list"], []],
    [["graph"], { nodes: [], edges: [] }],
    [["run", "-n"], []],
  ])("leaves %p nothing to show", async (words, shown) => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", FILE);
    const [command = "", ...more] = words;
    const { stdout, stderr, exitCode } = await sandbox.run([command, "script.lua", ...more, "-o", "json"]);
    expect(JSON.parse(stdout)).toEqual(shown);
    expect(stderr).toContain("script.lua ended itself by os.exit(0)");
    expect(exitCode).toBe(0);
    const text = await sandbox.run([command, "script.lua", ...more]);
    expect([text.stdout, text.stderr]).toEqual(["", stderr]);
  });

  test("is a warning of check, whatever the code", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", FILE);
    const { stdout, exitCode } = await sandbox.run(["check", "script.lua", "--set", "code=3", "-o", "json"]);
    const warnings = [expect.stringContaining("ended itself by os.exit(3)")];
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, problems: [], warnings, tasks: 0 });
    expect(exitCode).toBe(0);
  });
});

describe("a top level that raises", () => {
  test("makes the file invalid where it has declared tasks, and is a failure of a plain script", async () => {
    using sandbox = createSandbox();
    const declaring = await sandbox.runLua('task({ name = "a", command = "true" })\nerror("oh")');
    expect([declaring.stderr, declaring.exitCode]).toEqual([expect.stringContaining("script.lua:2: oh"), 5]);
    expect((await sandbox.run(["list", "script.lua"])).exitCode).toBe(5);
    expect((await sandbox.runLua('error("oh")')).exitCode).toBe(1);
  });

  test("is a problem that check finds", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", 'error("oh")');
    const { stdout, exitCode } = await sandbox.run(["check", "script.lua", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: ["script.lua:1: oh"] });
    expect(exitCode).toBe(5);
  });
});
