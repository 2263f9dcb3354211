import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createSandbox } from "../helpers/binary.ts";
import { createProject, pluginSource, writeFiles } from "../helpers/plugin.ts";

const SAY = pluginSource(
  "say",
  `version: "1.2.0",
   modules: { say: { it: { args: [z.string().describe("text")], run: (_ctx, text) => text } } },
   commands: {
     say: defineCommand({
       summary: "Say something",
       args: {
         text: { type: "positional", description: "What to say" },
         times: { type: "string", valueHint: "N", description: "How often" },
       },
       examples: ["runner say hello"],
       async run({ ctx, args }) {
         if (args.text === "fail") throw new Error("lost my voice");
         if (args.text === "refuse") throw new RunnerError("conflict", "Cannot say it: somebody else speaks. Wait.");
         const count = await ctx.state.increment("say:count");
         if (ctx.out.format === "json") ctx.out.line(JSON.stringify({ text: args.text, count }));
         else ctx.out.table(["TEXT", "COUNT"], [[args.text.repeat(Number(args.times ?? 1)), String(count)]]);
         return args.text === "seven" ? 7 : undefined;
       },
     }),
     talk: { summary: "Talking", commands: { loud: { summary: "Loudly", run({ ctx }) { ctx.out.line("HEY"); } } } },
   }`,
);

describe("a plugin's command", () => {
  test("is there once its folder is trusted, with help, options, json, exit codes and errors", async () => {
    using project = createProject({ "plugins/say.ts": SAY });
    const before = await project.run(["say", "hello"]);
    expect(before.stderr).toMatch(/^Cannot run "runner say": there is no such command\./);
    expect(before.stderr).toMatch(/its folder is not trusted\. Look at it, then trust it: runner trust/);
    expect(before.exitCode).toBe(2);
    await project.run(["trust", "--yes"]);

    expect((await project.run(["say", "ho", "--times", "2"])).stdout).toBe("TEXT   COUNT\nhoho   1\n");
    expect(JSON.parse((await project.run(["say", "hi", "-o", "json"])).stdout)).toEqual({
      text: "hi",
      count: 2,
    });
    expect((await project.run(["say", "seven"])).exitCode).toBe(7);
    expect((await project.run(["talk", "loud"])).stdout).toBe("HEY\n");
    expect((await project.run(["say", "--help"])).stdout).toContain("Usage: runner say TEXT [options]");
    expect((await project.run(["--help"])).stdout).toMatch(
      /Commands of plugins:\n {2}report .*\n {2}say +Say something\n {2}talk +Talking/,
    );
    expect((await project.run(["sai"])).stderr).toBe(
      'Cannot run "runner sai": there is no such command. Did you mean "say"?\n',
    );

    const failed = await project.run(["say", "fail"]);
    expect(failed.stderr).toMatch(
      /^Cannot finish the command: lost my voice \(plugin "say", .*say\.ts\)\.\n$/,
    );
    expect(failed.exitCode).toBe(1);
    const refused = await project.run(["say", "refuse"]);
    expect(refused).toMatchObject({ stderr: "Cannot say it: somebody else speaks. Wait.\n", exitCode: 4 });

    writeFiles(project.work, { "plugins/say.ts": `${SAY}// changed` });
    expect((await project.run(["say", "hello"])).stderr).toMatch(/changed since its folder was trusted/);
  });

  test("is found from below its project, whatever the config or the task file beside it is called", async () => {
    for (const name of ["runner.yml", "runner.lua"]) {
      using project = createProject({ "plugins/say.ts": SAY, [name]: "", "deep/down/empty": "" });
      await project.run(["trust", "--yes"]);
      const cwd = join(project.work, "deep/down");
      expect((await project.run(["--help"], { cwd })).stdout).toContain("talk    Talking");
    }
  });

  test("logs without secrets", async () => {
    const run = 'run: ({ ctx }) => ctx.log.warn("logged in", { password: "hunter2", count: 2 })';
    const source = pluginSource("login", `commands: { login: { summary: "Log in", ${run} } }`);
    using project = createProject({ "plugins/login.ts": source });
    await project.run(["trust", "--yes"]);
    expect((await project.run(["login"])).stderr).toMatch(/^warn +logged in password=•+ count=2\n$/);
  });
});

describe("runner plugin", () => {
  test("list shows what there is, from where, what it adds, and what is wrong", async () => {
    using project = createProject({
      "more/say.ts": SAY,
      "more/bad.ts": "export default {",
      "more/text.lua": "return {}",
    });
    const { stdout } = await project.run(["plugin", "list", "--plugins", "more"]);
    expect(stdout).toMatch(
      /^say +1\.2\.0 +--plugins +module say, command say, command talk loud +.*more\/say\.ts$/m,
    );
    expect(stdout).toMatch(/^text +– +--plugins +module text /m);
    expect(stdout).toMatch(/^notify +[\d.]+ +built in +module notify, hook runEnd/m);
    expect(stdout).toMatch(/✗ bad .*bad\.ts\n {2}it does not parse/);
    const listed = JSON.parse(
      (await project.run(["plugin", "list", "--plugins", "more", "-o", "json"])).stdout,
    );
    expect(listed).toContainEqual(
      expect.objectContaining({
        name: "say",
        version: "1.2.0",
        modules: ["say.it(text)"],
        commands: ["say", "talk loud"],
        problem: null,
      }),
    );
  });

  test("show gives all of one, by name or path, and says when it cannot be used", async () => {
    using project = createProject({ "more/say.ts": SAY, "more/bad.ts": "export default 5" });
    expect((await project.run(["plugin", "show", "redis"])).stdout).toMatch(
      /backends +state\.backend: redis/,
    );
    expect((await project.run(["plugin", "show", "more/say.ts"])).stdout).toContain("say.it(text)");
    expect(await project.run(["plugin", "show", "more/bad.ts"])).toMatchObject({ exitCode: 5 });
    const missing = await project.run(["plugin", "show", "notfy"]);
    expect(missing).toMatchObject({
      stderr: 'Cannot find plugin "notfy". Did you mean "notify"?\n',
      exitCode: 3,
    });
    expect((await project.run(["plugin", "show", "more/none.ts"])).exitCode).toBe(3);
  });

  for (const flags of [[], ["--lua"]]) {
    test(`new ${flags.join("")} makes a plugin that works, and check runs its test`, async () => {
      using sandbox = createSandbox();
      const made = await sandbox.run(["plugin", "new", "hello", ...flags]);
      expect(made.stdout).toMatch(/Try it: runner plugin check plugins\/hello\n$/);
      const checked = await sandbox.run(["plugin", "check", "plugins/hello"]);
      expect(checked).toMatchObject({
        stdout: "✓ hello  loads, its test passes\n\n1 plugin, nothing wrong\n",
        exitCode: 0,
      });
      expect(existsSync(join(sandbox.home, ".sloth-runner"))).toBe(false);
      sandbox.write("main.lua", 'print((hello.hello("you")))');
      expect((await sandbox.run(["run", "main.lua"])).exitCode).toBe(0);
      const again = await sandbox.run(["plugin", "new", "hello"]);
      expect(again.stderr).toMatch(
        /^Cannot make plugin "hello": there is ".*plugins\/hello" already\. Use another name\.$/m,
      );
      expect((await sandbox.run(["plugin", "new", "No-Name"])).exitCode).toBe(2);
    });
  }

  test("check finds a test that fails, a plugin that is broken, and one that never ends", async () => {
    using project = createProject({
      "plugins/say/index.ts": SAY,
      "plugins/say/test.lua": 'assert(say.it("x") == "y", "it said something else")',
      "plugins/bad.lua": "return 5",
    });
    const { stdout, exitCode } = await project.run(["plugin", "check"]);
    expect(stdout).toMatch(/✗ say {2}its test fails: .*it said something else/);
    expect(stdout).toMatch(/✗ bad .*it returned number, and a plugin returns a table/);
    expect(exitCode).toBe(5);
    const json = JSON.parse((await project.run(["plugin", "check", "plugins/say", "-o", "json"])).stdout);
    expect(json).toMatchObject([{ name: "say", ok: false, test: "failed" }]);
    writeFiles(project.work, { "loop.ts": "for (;;) {}" });
    expect((await project.run(["plugin", "check", "loop.ts"])).stdout).toMatch(
      /✗ loop {2}.*has not ended loading/,
    );
  }, 30_000);

  test("check --backend names what a plugin's backend lacks altogether", async () => {
    using project = createProject({
      "plugins/void.ts": pluginSource(
        "void",
        `backends: { void: { description: "Keeps nothing", open: () => ({
        name: "void", durable: false, shared: false, now: Date.now, revision: () => 0, close() {},
      }) } }`,
      ),
    });
    const { stderr, exitCode } = await project.run(["plugin", "check", "--backend", "plugins/void.ts"]);
    expect(stderr).toMatch(
      /Cannot open the state backend "void": its open gave an object without read, scan, /,
    );
    expect(exitCode).toBe(5);
    const away = await project.run(["plugin", "check", "--backend", "redis", "--url", "redis://127.0.0.1:1"]);
    expect(away.exitCode).toBe(6);
    expect(away.stderr.split("\n")).toHaveLength(2);
  }, 30_000);
});

describe("a state backend of a plugin", () => {
  test("is opened by its name, and an unknown name lists those that there are", async () => {
    using project = createProject({
      "plugins/void.ts": pluginSource(
        "void",
        `backends: { void: { description: "x", open: (options) => { throw new Error("opened for " + options.agent); } } }`,
      ),
      "main.lua": "print(1)",
    });
    const opened = await project.run(["run", "main.lua", "--backend", "void", "--agent", "web1"]);
    expect(opened.stderr).toMatch(
      /^Cannot open the state backend "void": opened for web1 \(plugin "void", .*void\.ts\)\.$/m,
    );
    expect(opened.exitCode).toBe(6);
    const unknown = await project.run(["run", "main.lua", "--backend", "viod"]);
    expect(unknown.stderr).toMatch(
      /^Cannot use state backend "viod": .* Did you mean "void"\? Known are: sqlite, memory, redis, void\.$/m,
    );
    expect(unknown.exitCode).toBe(5);
    const sled = await project.run(["state", "keys", "--backend", "sled"]);
    expect(sled.stderr).toMatch(/Use sqlite in its place \(known are: sqlite, memory, redis\)\./);
  });
});

describe("the types for editors", () => {
  test("know what a plugin may do, and what it may not", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["plugin", "new", "hello"]);
    const compiler = resolve(import.meta.dir, "../../node_modules/typescript/bin/tsc");
    const compile = async () => {
      const child = Bun.spawn([process.execPath, compiler, "-p", "plugins/hello"], {
        cwd: sandbox.work,
        stdout: "pipe",
      });
      return { text: await new Response(child.stdout).text(), exitCode: await child.exited };
    };
    expect(await compile()).toEqual({ text: "", exitCode: 0 });
    const index = join(sandbox.work, "plugins/hello/index.ts");
    const source = await Bun.file(index).text();
    await Bun.write(
      index,
      source.replace("greet(ctx.config.greeting, who)", "greet(ctx.config.greetin, who.length)"),
    );
    const { text } = await compile();
    expect(text).toMatch(/Property 'greetin' does not exist on type .* Did you mean 'greeting'\?/);
    await Bun.write(index, source.replace("greet(ctx.config.greeting, who)", "greet(who.length, who)"));
    expect((await compile()).text).toContain(
      "Argument of type 'number' is not assignable to parameter of type 'string'",
    );
  }, 30_000);
});
