import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createProject, pluginSource } from "../helpers/plugin.ts";

const TASKS = `
task("fetch"):command(function() state.set("app:version", "v1") state.delete("app:version") return true, "done" end)
task("ship"):depends_on("fetch"):command(function() error("no disk") end)
task("tell"):depends_on("ship"):command(function() end)
`;

/** A plugin that says on stderr what its hooks are told. */
const listener = (name: string, more = "") =>
  pluginSource(
    name,
    `setup() { console.error("${name} setup"); },
     close() { console.error("${name} close"); },
     hooks: {
       runStart: ({ ctx, ...event }) => console.error("${name} runStart", JSON.stringify(event)),
       taskStart: async ({ ctx, ...event }) => { await Bun.sleep(1); console.error("${name} taskStart", JSON.stringify(event)); },
       taskEnd: ({ ctx, run, duration, ...event }) => console.error("${name} taskEnd", JSON.stringify(event)),
       stateChange: ({ key, kind, value, by }) => console.error("${name} stateChange", JSON.stringify({ key, kind, value, task: by.task })),
       runEnd: ({ ctx, run, file, duration, ...event }) => console.error("${name} runEnd", JSON.stringify(event)),
     }, ${more}`,
  );

const said = (stderr: string, name: string) =>
  stderr.split("\n").flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));

describe("hooks", () => {
  test("are told of the run, its tasks and changes, in order, and plugins are closed in reverse", async () => {
    using project = createProject({
      "runner.lua": TASKS,
      "plugins/a.ts": listener("a"),
      "plugins/b.ts": listener("b"),
    });
    const { stderr, exitCode } = await project.run(["run"]);
    expect(exitCode).toBe(1);
    const events = said(stderr, "a");
    const run = /"run":"(\w+)"/.exec(stderr)?.[1];
    const tasks = [
      { name: "fetch", status: "ok" },
      { name: "ship", status: "failed", message: "no disk" },
      { name: "tell", status: "skipped" },
    ];
    expect(events.filter((event) => !event.startsWith("stateChange"))).toEqual([
      "setup",
      `runStart {"run":"${run}","file":"runner.lua","tasks":["fetch","ship","tell"]}`,
      `taskStart {"run":"${run}","task":"fetch"}`,
      'taskEnd {"task":"fetch","name":"fetch","status":"ok","attempts":1,"message":"done"}',
      `taskStart {"run":"${run}","task":"ship"}`,
      expect.stringMatching(
        /^taskEnd \{"task":"ship","name":"ship","status":"failed","attempts":1,"message":".*no disk"\}$/,
      ),
      expect.stringMatching(/^taskEnd \{"task":"tell","name":"tell","status":"skipped","attempts":0/),
      expect.stringMatching(/^runEnd \{"status":"failed","exitCode":1,"tasks":\[/),
      "close",
    ]);
    const end = JSON.parse(events.find((event) => event.startsWith("runEnd"))?.slice(7) ?? "{}");
    expect(end.tasks.map(({ name, status }: Record<string, string>) => ({ name, status }))).toEqual(
      tasks.map(({ name, status }) => ({ name, status })),
    );
    expect(events.filter((event) => event.startsWith("stateChange"))).toEqual([
      'stateChange {"key":"app:version","kind":"put","value":"v1","task":"fetch"}',
      'stateChange {"key":"app:version","kind":"delete","task":"fetch"}',
    ]);
    const closes = stderr.split("\n").filter((line) => / (setup|close)$/.test(line));
    expect(closes).toEqual(["a setup", "b setup", "b close", "a close"]);
  });

  test("that raise or hang are named and change nothing of the run", async () => {
    using project = createProject({
      "runner.lua": 'task("one"):command(function() return true, "fine" end)',
      "plugins/a.ts": pluginSource(
        "a",
        'hooks: { taskStart() { throw new Error("out of order"); }, taskEnd: () => new Promise(() => {}) }',
      ),
      "plugins/b.ts": listener("b"),
    });
    const { stderr, exitCode } = await project.run(["run"]);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /Cannot use plugin "a" \(.*a\.ts\): its hook taskStart raised an error: out of order\./,
    );
    expect(stderr).toMatch(/Cannot use plugin "a" \(.*a\.ts\): its hook taskEnd has not ended after 3 s\./);
    expect(said(stderr, "b").filter((event) => /^(task|run)/.test(event))).toHaveLength(4);
  }, 30_000);

  test("are not called of a plugin that cannot be set up, which is said once", async () => {
    using project = createProject({
      "runner.lua": 'task("one"):command(function() return true end)',
      "plugins/a.ts": pluginSource(
        "a",
        'setup() { throw new Error("no"); }, hooks: { taskStart() {}, runEnd() {} }',
      ),
    });
    const { stderr, exitCode } = await project.run(["run"]);
    expect(exitCode).toBe(0);
    expect(stderr.match(/Cannot use plugin .*/g)).toEqual([
      expect.stringMatching(/"a" \(.*a\.ts\): its setup raised an error: no\.$/),
    ]);
  });

  test("leave stdout to the script, and with -o json to the events of the run", async () => {
    using project = createProject({ "runner.lua": TASKS, "plugins/a.ts": "export default {" });
    const { stdout } = await project.run(["run", "-o", "json"]);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(3);
  });

  test("close plugins when a signal ends the run", async () => {
    using project = createProject({
      "runner.lua": 'task("wait"):command(function() print("waiting") time.sleep(60) end)',
      "plugins/a.ts": listener("a"),
    });
    const running = project.spawn(["run"]);
    await running.untilStderr("a taskStart");
    running.kill("SIGTERM");
    const { stderr, exitCode } = await running.finished;
    expect(exitCode).toBe(143);
    expect(said(stderr, "a").at(-1)).toBe("close");
  });

  test("are told of the end of a run that a signal ends, before plugins are closed", async () => {
    using project = createProject({
      "runner.lua": 'task("one"):command(function() end) task("wait"):command(function() time.sleep(60) end)',
      "plugins/a.ts": listener("a"),
    });
    const running = project.spawn(["run"]);
    await running.untilStderr('a taskStart {"run":');
    await running.untilStderr('"task":"wait"');
    running.kill("SIGINT");
    const { stderr, exitCode } = await running.finished;
    expect(exitCode).toBe(130);
    expect(said(stderr, "a").slice(-2)).toEqual([
      expect.stringMatching(
        /^runEnd \{"status":"stopped","exitCode":130,"tasks":\[\{"name":"one","status":"ok".*\]\}$/,
      ),
      "close",
    ]);
  });

  test("are told of the end once when a signal comes while the last of them are waited for", async () => {
    using project = createProject({
      "runner.lua": 'task("one"):command(function() state.set("k", 1) end)',
      "plugins/a.ts": pluginSource(
        "a",
        `hooks: {
           stateChange: () => new Promise(() => {}),
           runEnd: ({ ctx, run, file, duration, ...event }) => console.error("a runEnd", JSON.stringify(event)),
         }`,
      ),
    });
    const running = project.spawn(["run"]);
    await running.untilStderr("1 task in");
    running.kill("SIGINT");
    const { stderr, exitCode } = await running.finished;
    expect(exitCode).toBe(130);
    expect(said(stderr, "a")).toEqual([
      expect.stringMatching(/^runEnd \{"status":"ok","exitCode":0,"tasks":\[\{"name":"one"/),
    ]);
  });

  test("that hang do not keep a signal from ending the run, nor others from being told", async () => {
    const hangs = "() => new Promise(() => {})";
    using project = createProject({
      "runner.lua": 'task({ name = "wait", command = "echo waiting; sleep 60" })',
      "plugins/a.ts": pluginSource("a", `hooks: { taskStart: ${hangs}, runEnd: ${hangs} }`),
      "plugins/b.ts": listener("b"),
    });
    const running = project.spawn(["run"]);
    await running.untilStdout("waiting");
    running.kill("SIGTERM");
    const { stderr, exitCode } = await running.finished;
    expect(exitCode).toBe(143);
    expect(stderr).toMatch(/Cannot use plugin "a" \(.*a\.ts\): its hook runEnd has not ended after 1 s\./);
    expect(said(stderr, "b").filter((event) => /^(runEnd|close)/.test(event))).toEqual([
      expect.stringMatching(/^runEnd \{"status":"stopped","exitCode":143/),
      "close",
    ]);
  }, 30_000);
});

describe("the plugins that come with the binary", () => {
  test("notify sends a message for a script, and after a run that failed", async () => {
    const bodies: unknown[] = [];
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        bodies.push(await request.json());
        return new Response("ok");
      },
    });
    using project = createProject({
      "runner.lua":
        'task("a"):command(function() notify.send("half way", { done = 5 }) error("no disk") end)',
      "runner.yaml": `plugins: { config: { notify: { webhook: "http://127.0.0.1:${server.port}/secret", on: [failure] } } }`,
    });
    const { exitCode } = await project.run(["run"]);
    expect(exitCode).toBe(1);
    expect(bodies).toEqual([
      { text: "half way\n• done: 5" },
      { text: expect.stringMatching(/^runner\.lua failed: a\n• tasks: 1\n• took: .*\n• a: .*no disk/) },
    ]);
    await server.stop(true);
    const { stderr } = await project.run(["run"]);
    expect(stderr).toMatch(/Cannot send a message to 127\.0\.0\.1:\d+: it cannot be reached\./);
    expect(stderr).not.toContain("secret");
  });

  test("metrics writes a file for Prometheus at the end of each run, once it is configured", async () => {
    using project = createProject({ "runner.lua": 'task("a"):command(function() end)' });
    await project.run(["run"]);
    expect((await project.run(["state", "keys"])).stdout).toBe("");
    const file = join(project.work, "runner.prom");
    project.write("runner.yaml", `plugins: { config: { metrics: { textfile: ${JSON.stringify(file)} } } }`);
    await project.run(["run"]);
    await project.run(["run"]);
    const text = readFileSync(file, "utf8");
    expect(text).toContain('runner_runs_total{file="runner.lua"} 2\n');
    expect(text).toContain('runner_run_exit_code{file="runner.lua"} 0\n');
    expect(text).toMatch(
      /^runner_task_duration_seconds\{file="runner\.lua",task="a",status="ok"\} [\d.e-]+$/m,
    );
  });

  test("report says how tasks have done over many runs", async () => {
    using project = createProject({
      "runner.lua": 'task("a"):command(function() if state.increment("n") == 1 then error("first") end end)',
    });
    expect((await project.run(["report"])).stderr).toBe("No task has been journaled yet.\n");
    await project.run(["run"]);
    await project.run(["run"]);
    const { stdout } = await project.run(["report"]);
    expect(stdout).toMatch(/^TASK {3}RAN {3}FAILED/);
    expect(stdout).toMatch(/^a +2 +1 \(50 %\)/m);
    const json = JSON.parse((await project.run(["report", "-o", "json"])).stdout);
    expect(json).toMatchObject({ runs: 2, tasks: [{ task: "a", ran: 2, failed: 1, retried: 0 }] });
    expect((await project.run(["report", "--runs", "no"])).exitCode).toBe(2);
  });
});
