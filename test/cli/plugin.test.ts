import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createProject, pluginSource, writeFiles } from "../helpers/plugin.ts";

const SHOUT = {
  "plugins/slack/lib/shout.ts": "export const shout = (t: string): string => t.toUpperCase() + '!';\n",
};

const SLACK = `import { definePlugin, z } from "runner";
import * as zod from "zod";
import { shout } from "./lib/shout.ts";
export default definePlugin({
  name: "slack",
  version: "0.1.0",
  api: 1,
  config: z.object({ channel: zod.string().default("general"), retries: z.number().optional() }),
  modules: {
    slack: {
      notify: {
        args: [z.string().describe("text"), z.record(z.string(), z.unknown()).optional()],
        async run(ctx, text, fields) {
          const count = await ctx.state.increment("slack:count");
          return { said: shout(text), fields, count, channel: ctx.config.channel, task: ctx.task };
        },
      },
      values: { run: () => ({ big: 2n ** 62n, half: 0.5, bytes: new Uint8Array([255, 0, 1]), list: [1, null, 3], none: null }) },
      types: { args: [z.any()], run: (_ctx, value) => \`\${typeof value} \${Array.isArray(value)}\` },
      twice: { args: [z.array(z.number()), z.any()], async run(_ctx, list, fn) {
        return Promise.all(list.map((item) => fn(item)));
      } },
      boom: { run() { throw new Error("boom"); } },
      host: { run: () => ({ deep: [new Date()] }) },
      fn: { run: () => () => 1 },
      pure: { effect: false, run: () => 5 },
      schema: { run: (ctx) => ctx.state.get("slack:count", z.string()) },
    },
  },
});
`;

const GREET = `local M = { calls = 0 }
function M.hello(name)
  M.calls = M.calls + 1
  return import("parts/text.lua").greet(name), M.calls
end
return M
`;
const GREET_PART = 'return { greet = function(name) return "hello " .. name end }\n';

const PLUGINS = {
  ...SHOUT,
  "plugins/slack/index.ts": SLACK,
  "plugins/greet.lua": GREET,
  "plugins/parts/text.lua": GREET_PART,
};

async function runLua(source: string, args: readonly string[] = []) {
  using project = createProject({ ...PLUGINS, "main.lua": source });
  return await project.run(["run", "main.lua", ...args]);
}

describe("a plugin's module", () => {
  test("is a global with values in and values out, its parts imported by relative paths", async () => {
    const { stdout, stderr, exitCode } = await runLua(`
      local r = slack.notify("hi", { x = 1.0, y = { 1, "b" } })
      print(r.said, r.count, math.type(r.count), r.channel, r.task, json.encode(r.fields))
      local v = slack.values()
      print(v.big, v.half, #v.bytes, v.bytes:byte(1), v.list[3], v.none)
      print(slack.types({ 1 }), slack.types({ a = 1 }), slack.types(1.0), slack.types("x"))
      print(table.concat(slack.twice({ 1, 2, 3 }, function(n) return n * 2 end), " "))
      print(require("slack") == slack, state.get("slack:count"))`);
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, 5)).toEqual([
      'HI!\t1\tinteger\tgeneral\tnil\t{"x":1,"y":[1,"b"]}',
      "4611686018427387904\t0.5\t3\t255\t3\tnil",
      "object true\tobject false\tnumber false\tstring false",
      "2 4 6",
      "true\t1",
    ]);
    expect(exitCode).toBe(0);
  });

  test("has its arguments checked, and its errors are Lua's, naming plugin and file", async () => {
    const { stdout } = await runLua(`
      for _, call in ipairs({ slack.notify, slack.boom, slack.host, slack.fn, slack.schema }) do
        slack.notify("once")
        local ok, err = pcall(call, call == slack.notify and 5 or nil)
        print(err.code, err.message)
      end`);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("bad_argument\tslack.notify: argument 1: expected a string, got 5");
    expect(lines[1]).toMatch(
      /^task_failed\tCannot do slack.boom: boom \(plugin "slack", .*plugins\/slack\/index.ts\)\.$/,
    );
    expect(lines[2]).toMatch(/^bad_value\t.*gave.deep\[1\] to Lua: it is an object of class Date/);
    expect(lines[3]).toMatch(/^bad_value\t.*it is a function/);
    expect(lines[4]).toMatch(/^bad_value\t.*Cannot use "slack:count" of the state: it is 5\. Expected text/);
  });

  test("gets its settings, and one whose settings are wrong is named with file, path and nearest key", async () => {
    using project = createProject({ ...PLUGINS, "main.lua": 'print(slack.notify("x").channel)' });
    project.write("runner.yaml", "plugins: { config: { slack: { channel: ops } } }\n");
    expect((await project.run(["run", "main.lua"])).stdout).toBe("ops\n");
    project.write("runner.yaml", "plugins: { config: { slack: { chanel: ops } } }\n");
    const { stderr, exitCode } = await project.run(["run", "main.lua"]);
    expect(stderr).toMatch(
      /there is no "plugins\.config\.slack\.chanel"\. Did you mean "channel"\? It is set in .*runner\.yaml\./,
    );
    expect(stderr).toMatch(/main\.lua:1: Cannot use plugin "slack"/);
    expect(exitCode).toBe(1);
    project.write("runner.yaml", "plugins: { config: { slack: { retries: many }, slak: {} } }\n");
    const wrong = (await project.run(["run", "main.lua"])).stderr;
    expect(wrong).toMatch(/plugins\.config\.slack\.retries is "many"\. Expected a number\./);
    expect(wrong).toMatch(
      /plugins\.config\.slak is set, and there is no plugin of this name\. Did you mean "slack"\?/,
    );
  });

  test("is an effect that a look at a file refuses, unless it says that it is none, and not in a sandbox", async () => {
    using project = createProject({ ...PLUGINS, "runner.lua": 'print(slack.pure()) slack.notify("x")' });
    const looked = await project.run(["check"]);
    expect(looked.stdout).toContain("Cannot call slack.notify at the top level of runner.lua");
    const boxed = await project.run(["run", "--sandbox"]);
    expect(boxed.stderr).toMatch(
      /slack.*its code would not be in the sandbox\. Allow it: --allow plugins=slack/,
    );
    expect(boxed.exitCode).toBe(1);
    expect((await project.run(["run", "--sandbox", "--allow", "plugins=slack"])).exitCode).toBe(0);
  });

  test("is known to docs and check", async () => {
    using project = createProject({
      ...PLUGINS,
      "runner.lua": 'task("a"):command(function() slack.notifi() greet.helo() end)',
    });
    const { stdout, exitCode } = await project.run(["check"]);
    expect(stdout).toBe(
      'runner.lua:1: slack.notifi is called, but there is none. Did you mean "notify"?\n' +
        'runner.lua:1: greet.helo is called, but there is none. Did you mean "hello"?\n',
    );
    expect(exitCode).toBe(5);
    await project.run(["trust", "--yes"]);
    expect((await project.run(["docs", "slack.notify"])).stdout).toContain("slack.notify(text, arg2?)");
    await project.run(["init"]);
    const stub = await Bun.file(join(project.work, ".runner/types/slack.lua")).text();
    expect(stub).toContain("---@param text string");
  });
});

describe("a plugin in Lua", () => {
  test("is a table of its own, global and required, with parts of its own, made when it is touched", async () => {
    const { stdout, stderr } = await runLua(`
      print(greet.hello("you"))
      print(require("greet").hello("me"))
      greet.calls = 10
      print(greet.hello("us"))
      local names = {} for name in pairs(greet) do names[#names + 1] = name end table.sort(names)
      print(table.concat(names, " "))`);
    expect(stderr).toBe("");
    expect(stdout).toBe("hello you\t1\nhello me\t2\nhello us\t11\ncalls hello\n");
  });

  test("may wait while it loads, and has its parts in a sandbox", async () => {
    using project = createProject({
      "plugins/slow/index.lua": 'time.sleep(0.01) local part = import("part.lua") return part',
      "plugins/slow/part.lua": "return { answer = 42 }",
      "main.lua": "print(slow.answer)",
    });
    expect((await project.run(["run", "main.lua", "--sandbox"])).stdout).toBe("42\n");
  });
});

describe("the places of plugins", () => {
  const named = (text: string) =>
    pluginSource("where", `modules: { where: { am: { run: () => "${text}" } } }`);

  test("are home, the config's paths, the project and --plugins, of which the first one wins", async () => {
    using project = createProject({ "main.lua": "print(where.am())", "extra/where.ts": named("extra") });
    const run = async () => project.run(["run", "main.lua", "--plugins", "extra"]);
    expect((await run()).stdout).toBe("extra\n");
    writeFiles(project.work, { "plugins/where.ts": named("project") });
    const clash = await run();
    expect(clash.stdout).toBe("project\n");
    expect(clash.stderr).toMatch(
      /extra\/where\.ts\): ".*plugins\/where\.ts" has the same name and comes first/,
    );
    writeFiles(project.work, {
      "mine/where.js": named("config"),
      "runner.yaml": "plugins: { paths: [mine] }",
    });
    expect((await run()).stdout).toBe("config\n");
    mkdirSync(join(project.home, ".sloth-runner"), { mode: 0o700 });
    writeFiles(join(project.home, ".sloth-runner"), { "plugins/where/index.ts": named("home") });
    expect((await run()).stdout).toBe("home\n");
  });

  test("take no code from node_modules, package.json, tsconfig.json or bunfig.toml beside a plugin", async () => {
    const evil = 'console.log("evil"); export const definePlugin = () => ({}), z = {};';
    using project = createProject({
      ...PLUGINS,
      "main.lua": 'print(slack.notify("x").said)',
      "plugins/node_modules/runner/index.js": evil,
      "plugins/node_modules/runner/package.json": '{"name":"runner","main":"index.js"}',
      "plugins/slack/node_modules/zod/index.js": evil,
      "plugins/slack/package.json":
        '{"type":"commonjs","imports":{"#x":"./evil.ts"},"dependencies":{"left-pad":"1.0.0"}}',
      "plugins/slack/tsconfig.json":
        '{"compilerOptions":{"paths":{"runner":["./evil.ts"],"./lib/shout.ts":["./evil.ts"]}}}',
      "plugins/slack/evil.ts": evil,
      "bunfig.toml": 'preload = ["./plugins/slack/evil.ts"]',
    });
    const { stdout, stderr } = await project.run(["run", "main.lua"]);
    expect(stderr).toBe("");
    expect(stdout).toBe("X!\n");
  });

  test("cost a command nothing that does not need them", async () => {
    using project = createProject({
      "runner.lua": 'print("ran")',
      "plugins/loud.ts": 'console.error("loaded");',
    });
    expect((await project.run(["state", "get", "x"])).stderr).not.toContain("loaded");
    expect((await project.run(["state", "set", "x", "1"])).stderr).toBe("");
  });
});
