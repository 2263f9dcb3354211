import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createSandbox, type Running, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };
const NOTHINGS = 20_000;

interface Event {
  readonly event: string;
  readonly time: string;
  readonly task?: string;
  readonly text?: string;
}

/** What `-o json` has printed, as far as its lines are whole. */
function eventsOf(stdout: string): Event[] {
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line): Event => JSON.parse(line));
}

/** How the newest run and its tasks stand in the journal; undefined when there is none. */
async function journal(
  sandbox: Sandbox,
): Promise<{ id: string; status: string; tasks: Map<string, string> } | undefined> {
  const [run] = JSON.parse((await sandbox.run(["runs", "-o", "json"])).stdout);
  if (run === undefined) return undefined;
  const { tasks }: { tasks: { name: string; status: string }[] } = JSON.parse(
    (await sandbox.run(["runs", "show", run.id, "-o", "json"])).stdout,
  );
  const { id, status } = run;
  return { id, status, tasks: new Map(tasks.map(({ name, status }) => [name, status])) };
}

function textOf(sandbox: Sandbox, name: string): string {
  const path = join(sandbox.work, name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe("runner run, of tasks that follow each other without a pause,", () => {
  test("tells everything in the order and with the time in which it happened", async () => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.runLua(
      `
task({ name = "a", run = function() return true end })
task({ name = "b", run = function() return true end })
task({ name = "c", run = function() local n = 0 for i = 1, 3e6 do n = n + i end print("c") end })
task({ name = "d", run = function() io.write("d\\n") end })
task({ name = "e", run = function() return false, "no" end })`,
      ["-o", "json", "--keep-going"],
    );
    expect(exitCode).toBe(1);
    const events = eventsOf(stdout);
    const told = events.map(({ event, task, text }) => [event, task, text?.trim()].filter(Boolean).join(" "));
    expect(told).toEqual([
      "run_started",
      ...["task_started a", "task_ended a", "task_started b", "task_ended b"],
      ...["task_started c", "output c c", "task_ended c", "task_started d", "output d d", "task_ended d"],
      ...["task_started e", "task_ended e", "run_ended"],
    ]);
    const times = events.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
  });

  test("shows and journals what there was before one that computes for ever", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
task({ name = "a", run = function() end })
task({ name = "b", run = function() while true do end end })`,
    );
    const running = sandbox.spawn(["run", "script.lua", "-o", "json"]);
    const stdout = await running.untilStdout('"task_started","time":"');
    expect(stdout).toContain('"task":"a"');
    await running.untilStdout('"task":"b"');
    expect((await journal(sandbox))?.tasks).toEqual(
      new Map([
        ["a", "ok"],
        ["b", "running"],
      ]),
    );
    running.kill("SIGKILL");
  });

  test("shows what there was before one that computes in coroutines of its own", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
task({ name = "a", run = function() end })
task({ name = "b", run = function()
  while true do
    local step = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)
    for i = 1, 100 do step() end
  end
end })`,
    );
    const running = sandbox.spawn(["run", "script.lua", "-o", "json"]);
    await running.untilStdout('"task":"b"');
    running.kill("SIGKILL");
  });

  test("is stopped by Ctrl-C in the middle of them", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `for i = 1, ${NOTHINGS} do task({ name = "t" .. i, run = function() end }) end`,
    );
    const running = sandbox.spawn(["run", "script.lua"]);
    await running.untilStderr("t10 ");
    running.kill("SIGINT");
    const { exitCode, stderr } = await running.finished;
    expect(exitCode).toBe(130);
    expect(stderr).not.toContain(`t${NOTHINGS} `);
    const { status, tasks } = (await journal(sandbox)) ?? { status: "", tasks: new Map<string, string>() };
    // One that comes while a script has just begun to compute ends the process at once.
    expect(["stopped", "killed"]).toContain(status);
    for (const [, name = ""] of stderr.matchAll(/✓ (t\d+)/g)) expect(tasks.get(name)).toBe("ok");
  }, 60_000);

  test("ends with the journal's error before a script can do what it was about to, whatever it catches", async () => {
    using sandbox = createSandbox();
    // The outputs of the first do not fit into what the second may not do before they are journaled.
    sandbox.write(
      "script.lua",
      `
task({ name = "first", run = function() fs.exists("x") end })
task({ name = "big", run = function() return { text = string.rep("x", 6e5) } end })
task({ name = "next", run = function()
  for i = 1, 3 do pcall(function() fs.write("effect", "x") end) end
  pcall(function() local f = io.open("effect", "w") f:write("x") f:close() end)
  while true do pcall(function() os.rename("script.lua", "effect") end) end
end, retries = 3, on_failure = function() fs.write("effect", "x") end })`,
    );
    const child = Bun.spawn(["/bin/sh", "-c", `ulimit -f 800; exec "${sandbox.binary}" run script.lua`], {
      cwd: sandbox.work,
      env: { HOME: sandbox.home },
      stdout: "pipe",
      stderr: "pipe",
    });
    const stderr = await new Response(child.stderr).text();
    expect(await child.exited).toBe(6);
    expect(stderr).toContain("Cannot");
    expect(stderr).not.toContain("✓ big");
    expect(existsSync(join(sandbox.work, "effect"))).toBe(false);
    const { status, tasks } = (await journal(sandbox)) ?? {};
    expect([status, tasks?.get("first")]).toEqual(["failed", "ok"]);
    expect(tasks?.get("big")).not.toBe("ok");
  });

  test("ends with the journal's error before a file is written to that was open before", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
local open
task({ name = "open", run = function() open = io.open("effect", "w") open:setvbuf("no") end })
task({ name = "big", run = function() return { text = string.rep("x", 6e5) } end })
task({ name = "next", run = function() while true do pcall(open.write, open, "x") end end })`,
    );
    const child = Bun.spawn(["/bin/sh", "-c", `ulimit -f 800; exec "${sandbox.binary}" run script.lua`], {
      cwd: sandbox.work,
      env: { HOME: sandbox.home },
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await child.exited).toBe(6);
    expect(textOf(sandbox, "effect")).toBe("");
  });

  test("waits with an effect while another process is writing to the store", async () => {
    // Until it has met us, which it says itself.
    for (let held = 200; ; held *= 3) {
      using sandbox = createSandbox();
      sandbox.write(
        "script.lua",
        `
task({ name = "slow", run = function() for i = 1, 5e6 do end end })
task({ name = "nothing", run = function() end })
task({ name = "effect", run = function() fs.append("effect", "x") end })
task({ name = "met", run = function() fs.write("met", tostring(state.stats().retries)) end })`,
      );
      const running = sandbox.spawn(["run", "script.lua", "-o", "json"]);
      await running.untilStdout('"task":"slow"');
      using other = new Database(join(sandbox.home, ".sloth-runner", "state", "local.db"));
      other.run("PRAGMA busy_timeout = 10000");
      other.run("BEGIN IMMEDIATE");
      const wasBefore = textOf(sandbox, "effect") !== "";
      await Promise.race([running.finished, Bun.sleep(held)]);
      const effect = textOf(sandbox, "effect");
      other.run("COMMIT");
      expect((await running.finished).exitCode).toBe(0);
      expect(textOf(sandbox, "effect")).toBe("x");
      if (wasBefore || textOf(sandbox, "met") === "0") continue;
      expect(effect).toBe("");
      return;
    }
  }, 60_000);
});

/** How a task acts outside of the VM; each leaves a line with its name, of which there may be several in one file. */
const KINDS: Readonly<Record<string, (name: string) => string>> = {
  nothing: () => `run = function() return true end`,
  computes: () => `run = function() for i = 1, 3e4 do end return { n = 1 } end`,
  append: (name) => `run = function() fs.append("effects", "${name}\\n") end`,
  handle: (name) => `run = function() log_file:write("${name}\\n") end`,
  flushed: (name) => `run = function() log_file:write("${name}\\n") log_file:flush() end`,
  rename: (name) =>
    `run = function() os.rename("from-${name}", "to-${name}") fs.append("effects", "${name}\\n") end`,
  exec: (name) => `run = function() exec.run("echo ${name} >> effects") end`,
  shell: (name) => `run = "echo ${name} >> effects"`,
  print: (name) => `run = function() print("${name}") end`,
  set: (name) => `run = function() state.increment("n") fs.append("effects", "${name}\\n") end`,
  waits: (name) => `run = function() time.sleep(0.001) fs.append("effects", "${name}\\n") end`,
};

describe("a run that is killed at any moment", () => {
  test("has journaled what it has shown, and the start of every task that has done something", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 4, maxLength: 40 }),
        fc.constantFrom("1", "3"),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }),
        async (kinds, jobs, kills) => {
          using sandbox = createSandbox();
          const tasks = kinds.map((kind, i) => `task({ name = "t${i}", ${KINDS[kind]?.(`t${i}`)} })`);
          sandbox.write("script.lua", `local log_file = io.open("effects", "a")\n${tasks.join("\n")}`);
          let args = ["run", "script.lua", "--jobs", jobs, "-o", "json"];
          const ended = new Set<string>();
          for (const part of kills) {
            const running = sandbox.spawn(args, PATH);
            const stdout = await killAt(running, part);
            const effects = linesOf(textOf(sandbox, "effects"));
            const known = await journal(sandbox);
            const events = eventsOf(stdout);
            const printed = events.filter(({ event }) => event === "output").map(({ task = "" }) => task);
            for (const name of [...effects, ...printed])
              expect([name, known?.tasks.has(name)]).toEqual([name, true]);
            for (const { event, task = "" } of events) {
              if (event !== "task_ended") continue;
              expect([task, known?.tasks.get(task)]).toEqual([task, "ok"]);
              ended.add(task);
            }
            if (known !== undefined) args = ["run", "script.lua", "--resume", "--jobs", jobs, "-o", "json"];
            if (known?.status === "ok") break;
          }
          const before = linesOf(textOf(sandbox, "effects"));
          const last = await sandbox.run(args, PATH);
          if (last.exitCode !== 0) expect(last.stderr).toContain("succeeded");
          const after = linesOf(textOf(sandbox, "effects"));
          for (const task of ended) {
            expect(after.filter((name) => name === task)).toEqual(before.filter((name) => name === task));
          }
          const acting = kinds.flatMap((kind, i) =>
            ["nothing", "computes", "print"].includes(kind) ? [] : [`t${i}`],
          );
          expect(new Set(after)).toEqual(new Set(acting));
        },
      ),
      { numRuns: 12 },
    );
  }, 120_000);
});

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Kills a run at a part of the time that it takes about, once it has begun; what it has shown. */
async function killAt(running: Running, part: number): Promise<string> {
  await running.untilStdout("run_started");
  const timer = setTimeout(() => running.kill("SIGKILL"), part * 40);
  const { stdout } = await running.finished;
  clearTimeout(timer);
  return stdout;
}

test("runner run shows the id of a run only when the journal has it, and says at once that a long one has begun", async () => {
  using sandbox = createSandbox();
  sandbox.write("quick.lua", 'task({ name = "a", command = function() print("ran") end })');
  sandbox.write("slow.lua", 'task({ name = "a", command = function() while true do end end })');
  await sandbox.run(["state", "set", "k", "v"]);
  using database = new Database(join(sandbox.home, ".sloth-runner", "state", "local.db"));
  database.run("BEGIN IMMEDIATE");
  const kept = await sandbox.run(["run", "quick.lua", "-o", "json"], {
    env: { RUNNER_STATE_BUSY_TIMEOUT: "100ms" },
  });
  expect(kept.exitCode).toBe(6);
  expect(kept.stdout).not.toContain("run_started");
  database.run("ROLLBACK");
  const slow = sandbox.spawn(["run", "slow.lua"]);
  await slow.untilStderr("1 task · run ");
  slow.kill("SIGKILL");
  const { stderr } = await slow.finished;
  const { stdout } = await sandbox.run(["runs", "show", stderr.match(/run (\w+)/)?.[1] ?? ""]);
  expect(stdout).toContain("· killed ·");
});
