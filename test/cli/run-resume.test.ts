import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { untilEnded } from "../helpers/alive.ts";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const PATH = { env: { PATH: process.env.PATH ?? "" } };

/** The newest run, as `runner runs` gives it to programs. */
async function newest(sandbox: Sandbox): Promise<{ id: string; status: string; exit_code: number | null }> {
  const { stdout } = await sandbox.run(["runs", "-o", "json"]);
  return JSON.parse(stdout)[0];
}

async function untilExists(path: string): Promise<void> {
  while (!existsSync(path)) await Bun.sleep(2);
}

describe("runner run --resume", () => {
  test("goes on with what has not succeeded, with outputs and values of before", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
task({ name = "a", command = function() print("a") return { n = 1.0, bytes = "\\xff" } end })
task({ name = "b", depends_on = "a", command = function(this, params, deps)
  print("b", deps.a.n, #deps.a.bytes, values.v)
  return fs.exists("ok"), "not yet"
end })
task({ name = "c", command = "echo c" })`,
    );
    const first = await sandbox.run(["run", "script.lua", "--set", "v=7"], PATH);
    expect(first).toMatchObject({ stdout: "a\nb\t1.0\t1\t7\n", exitCode: 1 });
    const { id } = await newest(sandbox);
    expect(first.stderr).toContain(`runner run --resume ${id}`);
    sandbox.write("ok", "");
    const second = await sandbox.run(["run", "--resume", id], PATH);
    expect(second).toMatchObject({ stdout: "b\t1.0\t1\t7\nc\n", exitCode: 0 });
    expect(second.stderr).toContain("3 done (1 of them before)");
    expect(await newest(sandbox)).toMatchObject({ id, status: "ok", exit_code: 0 });
  });

  test("is told of with the store that the run is in", async () => {
    using sandbox = createSandbox();
    for (const args of [
      ["--agent", "foo"],
      ["--db", "my notes.db"],
    ]) {
      const { stderr } = await sandbox.runLua('task({ name = "a", command = "false" })', args, PATH);
      const [, id = "", more = ""] = /runner run --resume (\S+)(.*)/.exec(stderr) ?? [];
      expect(more.replaceAll(/["']/g, "")).toBe(` ${args.join(" ")}`);
      const again = await sandbox.run(["run", "--resume", id, ...args], PATH);
      expect([again.stderr.includes("taken up again"), again.exitCode]).toEqual([true, 1]);
    }
  });

  test("leaves what a signal stopped told of as that", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      'task({ name = "a", command = "test -e go && exit; touch begun; sleep 60" })',
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await untilExists(join(sandbox.work, "begun"));
    running.kill("SIGINT");
    expect((await running.finished).exitCode).toBe(130);
    sandbox.write("go", "");
    expect((await sandbox.run(["run", "--resume"], PATH)).exitCode).toBe(0);
    const { id } = await newest(sandbox);
    const { stdout } = await sandbox.run(["runs", "show", id]);
    expect(stdout).toContain("attempt 1: the run was stopped\n");
  });

  test("takes no other folder than the run had", async () => {
    using sandbox = createSandbox();
    const { stderr } = await sandbox.runLua('task({ name = "a", command = "false" })', [], PATH);
    const [, id = ""] = /runner run --resume (\S+)/.exec(stderr) ?? [];
    const other = await sandbox.run(["run", "--resume", id, "-C", sandbox.home], PATH);
    expect(other.stderr).toContain("--resume: a run goes on with what it was given");
    expect(other.exitCode).toBe(2);
    expect((await sandbox.run(["run", "--resume", id, "-C", "."], PATH)).exitCode).toBe(1);
  });

  test("knows what was under way, however often it is killed before that begins again", async () => {
    using sandbox = createSandbox();
    const task = (name: string) =>
      `task({ name = "${name}", command = function() fs.append("begun", "${name}\\n") time.sleep(600) end })\n`;
    sandbox.write("script.lua", task("x") + task("b"));
    const killOnce = async (begun: readonly string[], ...args: string[]) => {
      const running = sandbox.spawn(["run", ...args], PATH);
      const log = join(sandbox.work, "begun");
      const lines = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : []);
      while (lines().length < begun.length) await Bun.sleep(2);
      running.kill("SIGKILL");
      await running.finished;
      expect(lines()).toEqual([...begun]);
    };
    await killOnce(["x", "b"], "script.lua", "--jobs", "2");
    // The first of them keeps the other from its turn.
    await killOnce(["x", "b", "x"], "--resume", "--jobs", "1");
    await killOnce(["x", "b", "x", "x"], "--resume", "--jobs", "1");
    const { stdout } = await sandbox.run(["runs", "show", (await newest(sandbox)).id, "-o", "json"]);
    expect(JSON.parse(stdout).tasks).toMatchObject([
      { name: "x", status: "running" },
      { name: "b", status: "running" },
    ]);
  });

  test("keeps the --jobs and --keep-going of the run", async () => {
    using sandbox = createSandbox();
    const task = (name: string, other: string) => `task({ name = "${name}", timeout = 20,
      command = "[ -e go ] || exit 1; touch ${name}; until [ -e ${other} ]; do sleep 0.02; done" })\n`;
    sandbox.write("script.lua", task("a", "b") + task("b", "a") + task("c", "a"));
    const first = await sandbox.run(["run", "script.lua", "--jobs", "2", "--keep-going"], PATH);
    expect(first.stderr).toContain("3 failed");
    const second = await sandbox.run(["run", "--resume"], PATH);
    expect(second.stderr).toContain("3 failed");
    sandbox.write("go", "");
    const third = await sandbox.run(["run", "--resume"], PATH);
    expect(third).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("3 done") });
  }, 30_000);

  test("says to programs that nothing is left, or was, to do", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", 'task({ name = "a", once = "k", command = "true", tags = "x" })');
    const last = async (...args: string[]) => {
      const { stdout, exitCode } = await sandbox.run(["run", ...args, "-o", "json"], PATH);
      return { exitCode, ...JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") };
    };
    const first = await last("script.lua");
    expect(first).toMatchObject({ event: "run_ended", done: 1, nothing_to_do: false });
    const again = { event: "run_ended", run: first.run, done: 1, earlier: 1, skipped: 0, failed: 0 };
    expect(await last("--resume", first.run)).toMatchObject({ ...again, exitCode: 0, nothing_to_do: true });
    const skipped = await last("script.lua");
    expect(skipped).toMatchObject({ event: "run_ended", done: 0, skipped: 1, nothing_to_do: true });
    expect(await last("script.lua", "--tag", "y")).toMatchObject({
      event: "script_failed",
      error: { code: "not_found" },
      exitCode: 3,
    });
  });

  test("has what tasks that succeeded changed in State, and nothing of what failed", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
task({ name = "a", command = function() State.set("a", { 1, x = 2.0 }) State.set("gone", 1) end })
task({ name = "b", command = function() State.delete("gone") end })
task({ name = "c", command = function()
  print(State.get("a").x, State.get("gone"), State.get("c"))
  State.set("c", 1)
  return fs.exists("ok")
end })`,
    );
    const first = await sandbox.run(["run", "script.lua"], PATH);
    expect(first).toMatchObject({ stdout: "2.0\tnil\tnil\n", exitCode: 1 });
    sandbox.write("ok", "");
    const second = await sandbox.run(["run", "--resume"], PATH);
    expect(second).toMatchObject({ stdout: "2.0\tnil\tnil\n", exitCode: 0 });
  });

  test("has what the handlers of a workflow changed in State, unless they failed", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
workflow.define("w", {
  on_start = function() State.set("start", 1) State.set("order", "start") state.set("k", 1) end,
  on_complete = function(ok) State.set("complete", ok) State.set("order", State.get("order") .. " complete") state.set("k", 2) end,
  tasks = { { name = "a", command = function() State.set("order", State.get("order") .. " a") end } },
})
workflow.define("no", {
  on_complete = function() State.set("raised", 1) error("oh") end,
  tasks = { { name = "b", command = "true" } },
})
task({ name = "z", command = function(this)
  print(State.get("start"), State.get("complete"), State.get("order"), State.get("raised"))
  for _, store in ipairs({ state, State }) do
    local by = store.history(store == state and "k" or "start", 1)[1].by
    print(by.task, by.run == this.run_id)
  end
  return fs.exists("ok")
end })`,
    );
    const first = await sandbox.run(["run", "script.lua"], PATH);
    expect(first).toMatchObject({ stdout: "1\tnil\tstart a\tnil\nw\ttrue\nw\ttrue\n", exitCode: 1 });
    sandbox.write("ok", "");
    const second = await sandbox.run(["run", "--resume"], PATH);
    expect(second.stdout).toBe("1\ttrue\tstart a complete\tnil\nw\ttrue\nw\ttrue\n");
    const { stdout } = await sandbox.run(["state", "history", "k", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ task: "w" }, { task: "w" }]);
  });

  test("has nothing in State of a task that was under way, beside one that succeeded", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
task({ name = "a", command = function()
  State.increment("n")
  while State.get("n") < 2 do time.sleep(0.005) end
end })
task({ name = "b", command = function()
  while not State.get("n") do time.sleep(0.005) end
  State.increment("n")
  if not fs.exists("ok") then exec.run("sleep 30") end
end })
task({ name = "c", depends_on = { "a", "b" }, command = function() print(State.get("n")) end })
task({ name = "d", depends_on = "a", command = "touch started; sleep 0.1" })`,
    );
    const running = sandbox.spawn(["run", "script.lua", "-j2"], PATH);
    await untilExists(join(sandbox.work, "started"));
    running.kill("SIGKILL");
    await running.finished;
    sandbox.write("ok", "");
    const { stdout, exitCode } = await sandbox.run(["run", "--resume", "-j2"], PATH);
    expect({ stdout, exitCode }).toEqual({ stdout: "2\n", exitCode: 0 });
  });

  test("does not leave the sandbox that a run began in", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", `task({ name = "a", command = function() exec.run("echo out") end })`);
    const first = await sandbox.run(["run", "script.lua", "--sandbox"], PATH);
    expect(first.stderr).toContain("--allow exec");
    const second = await sandbox.run(["run", "--resume"], PATH);
    expect(second.stderr).toContain("--allow exec");
    expect((await sandbox.run(["run", "--resume", "--sandbox", "--allow", "exec"], PATH)).exitCode).toBe(0);
  });

  test("takes the newest run of the file without an id", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.lua", 'task({ name = "a", command = "test -e ok" })');
    sandbox.write("other.lua", 'task({ name = "b", command = "false" })');
    await sandbox.run(["run"], PATH);
    await sandbox.run(["run", "other.lua"], PATH);
    sandbox.write("ok", "");
    expect((await sandbox.run(["run", "--resume"], PATH)).exitCode).toBe(0);
    expect((await sandbox.run(["run", "other.lua", "--resume"], PATH)).exitCode).toBe(1);
  });

  test("says what has changed, and goes on with --force", async () => {
    using sandbox = createSandbox();
    const file = sandbox.write("script.lua", 'task({ name = "a", command = "false" })');
    await sandbox.run(["run", "script.lua"], PATH);
    sandbox.write("script.lua", 'task({ name = "a", command = "true" })');
    const refused = await sandbox.run(["run", "--resume", (await newest(sandbox)).id], PATH);
    expect(refused.stderr).toContain(`${file} has changed since it began`);
    expect(refused.exitCode).toBe(5);
    const { exitCode } = await sandbox.run(["run", "script.lua", "--resume", "--force"], PATH);
    expect(exitCode).toBe(0);
  });

  test.each([
    [["run", "--resume"], 3, "Cannot take up a run: the journal has none."],
    [["run", "--resume", "nope"], 3, 'Cannot find run "nope"'],
    [["run", "--resume", "a", "b"], 2, 'Cannot use "b" with --resume'],
    [["run", "--resume", "--set", "a=1"], 2, 'Cannot use "--set" with --resume'],
  ])("%p is refused", async (args, code, said) => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.run(args);
    expect(stderr).toContain(said);
    expect(exitCode).toBe(code);
  });

  test("a run that ended well, or is under way, is not taken up", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `task({ name = "a", command = "touch started; while ! test -e ok; do sleep 0.01; done" })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await untilExists(join(sandbox.work, "started"));
    const early = await sandbox.run(["run", "script.lua", "--resume"], PATH);
    expect(early.stderr).toContain("it is under way (pid");
    expect(early.exitCode).toBe(4);
    sandbox.write("ok", "");
    await running.finished;
    const late = await sandbox.run(["run", "script.lua", "--resume"], PATH);
    expect(late.stderr).toContain("ended well: nothing is left to do");
    expect(late.exitCode).toBe(0);
  });

  test("stops a command that outlived the kill before its task runs again", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `task({ name = "a", command = [[
  if test -e ok; then
    case $(cut -d' ' -f3 /proc/$(cat child)/stat 2>/dev/null) in ""|Z|X) echo again ;; *) echo two at once ;; esac
    exit
  fi
  trap "" TERM
  sleep 1000 & echo $! > child; touch started; wait]] })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await untilExists(join(sandbox.work, "started"));
    running.kill("SIGKILL");
    await running.finished;
    const child = Number(readFileSync(join(sandbox.work, "child"), "utf8"));
    process.kill(child, 0);
    const { id, ...run } = await newest(sandbox);
    expect(run).toMatchObject({ status: "killed" });
    const shown = (await sandbox.run(["runs", "show", id])).stdout;
    expect(shown).toMatch(/ · killed · –\n/);
    expect(shown).toMatch(/^ {2}… a +– /m);
    sandbox.write("ok", "");
    const { stdout, stderr, exitCode } = await sandbox.run(["run", "--resume"], PATH);
    expect(stderr).toContain("Stopped what was still running of a.");
    expect({ stdout, exitCode }).toEqual({ stdout: "again\n", exitCode: 0 });
    await untilEnded(child);
  });

  test("takes up a run that Ctrl-C ended, which leaves no process behind", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "script.lua",
      `
task({ name = "a", command = "echo a" })
task({ name = "b", command = function() exec.run("test -e ok || { sleep 1000 & echo $! > child; touch started; wait; }") end })`,
    );
    const running = sandbox.spawn(["run", "script.lua"], PATH);
    await untilExists(join(sandbox.work, "started"));
    running.kill("SIGINT");
    const { exitCode, stderr } = await running.finished;
    expect(exitCode).toBe(130);
    const run = await newest(sandbox);
    expect(run.status).toBe("stopped");
    expect(stderr).toContain(`runner run --resume ${run.id}`);
    await untilEnded(Number(readFileSync(join(sandbox.work, "child"), "utf8")));
    sandbox.write("ok", "");
    const resumed = await sandbox.run(["run", "--resume", run.id], PATH);
    expect(resumed).toMatchObject({ stdout: "", exitCode: 0 });
  });

  test("repeats no completed task and leaves none out, wherever it was killed", async () => {
    const TASKS = 12;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: TASKS - 1 }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom("1", "3"),
        async (kills, jobs) => {
          using sandbox = createSandbox();
          // Each task notes that it did its work; the run is killed while some task is at it, at most once for each.
          sandbox.write(
            "script.lua",
            `
for i = 0, ${TASKS - 1} do
  task({ name = "t" .. i, depends_on = i >= 4 and "t" .. (i - 4) or nil, command = function()
    fs.append("began", i .. "\\n")
    while fs.exists("hold" .. i) do time.sleep(0.001) end
    fs.append("done", i .. "\\n")
  end })
end`,
          );
          const held = [...new Set(kills)].sort((a, b) => a - b);
          for (const task of held) sandbox.write(`hold${task}`, "");
          const began = () =>
            existsSync(join(sandbox.work, "began")) ? readFileSync(join(sandbox.work, "began"), "utf8") : "";
          let args = ["run", "script.lua", "--jobs", jobs, "-q"];
          for (const task of held) {
            const running = sandbox.spawn(args, PATH);
            while (!began().split("\n").includes(String(task))) await Bun.sleep(1);
            running.kill("SIGKILL");
            await running.finished;
            Bun.spawnSync(["rm", join(sandbox.work, `hold${task}`)]);
            args = ["run", "script.lua", "--resume", "--jobs", jobs, "-q"];
          }
          expect((await sandbox.run(args, PATH)).exitCode).toBe(0);
          const done = readFileSync(join(sandbox.work, "done"), "utf8").trim().split("\n").map(Number);
          // What was at work when it was killed may have finished its work unjournaled: those alone may stand twice.
          const twice = done.filter((task, i) => done.indexOf(task) !== i);
          expect(new Set(done).size).toBe(TASKS);
          if (jobs === "1") expect(twice).toEqual([]);
        },
      ),
      { numRuns: 6 },
    );
  }, 60_000);
});

describe("runner runs", () => {
  test("lists runs, the newest first, and shows one as a timeline", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "one.lua",
      `task({ name = "a", retries = 1, retry_delay = 0.01, command = "echo out; exit 3" })`,
    );
    sandbox.write("two.lua", `task({ name = "b", command = function() return true, "fine", { n = 1 } end })`);
    await sandbox.run(["run", "one.lua"], PATH);
    await sandbox.run(["run", "two.lua"], PATH);
    const { stdout } = await sandbox.run(["runs"]);
    expect(stdout).toMatch(/^RUN .*FILE\n\w+ .* ok +two.lua\n\w+ .* failed +one.lua\n$/);
    const [two, one] = JSON.parse((await sandbox.run(["runs", "list", "-o", "json"])).stdout);
    const shown = (await sandbox.run(["runs", "show", one.id])).stdout;
    expect(shown).toContain(`run ${one.id} · one.lua · failed`);
    expect(shown).toContain("attempt 1: the command ended with exit code 3");
    expect(shown).toContain("│ out");
    const { tasks } = JSON.parse((await sandbox.run(["runs", "show", two.id, "-o", "json"])).stdout);
    expect(tasks).toMatchObject([{ name: "b", status: "ok", message: "fine", outputs: { n: 1 } }]);
  });

  test("prune keeps the newest, and a run keeps run.keep_runs of them", async () => {
    using sandbox = createSandbox();
    sandbox.write("script.lua", 'task({ name = "a", command = "true" })');
    for (let i = 0; i < 4; i++) await sandbox.run(["run", "script.lua"], PATH);
    const count = async () => JSON.parse((await sandbox.run(["runs", "-o", "json"])).stdout).length;
    expect((await sandbox.run(["runs", "prune", "--keep", "3", "-y", "-o", "json"])).stdout).toBe(
      '{"removed":1}\n',
    );
    expect(await count()).toBe(3);
    await sandbox.run(["run", "script.lua"], { env: { ...PATH.env, RUNNER_RUN_KEEP_RUNS: "2" } });
    expect(await count()).toBe(2);
  });

  test.each([
    [["runs", "shwo"], 'Did you mean "show"?', 2],
    [["runs", "show"], "RUN is missing", 2],
    [["runs", "show", "nope"], 'Cannot find run "nope"', 3],
    [["runs", "prune", "--keep", "x"], "expected a whole number", 2],
  ])("%p is refused", async (args, said, code) => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.run(args);
    expect(stderr).toContain(said);
    expect(exitCode).toBe(code);
  });

  test("a plain script is not journaled", async () => {
    using sandbox = createSandbox();
    await sandbox.runLua("print(1)");
    expect((await sandbox.run(["runs"])).stderr).toBe("No run has been journaled yet.\n");
  });
});
