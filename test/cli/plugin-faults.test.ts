import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createProject, pluginSource } from "../helpers/plugin.ts";

const GOOD = pluginSource("good", "modules: { good: { one: { effect: false, run: () => 1 } } }");
const module = (name: string, rest = "") =>
  pluginSource(name, `modules: { ${name}: { x: { run: () => 1 } } }, ${rest}`);

/** What is wrong with a plugin of this source, as `run` says it; a good one beside it has to work, and the run too. */
async function problemOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  use = "good.one()",
): Promise<string> {
  using project = createProject({ "plugins/good.ts": GOOD, "main.lua": `print(${use})`, ...files });
  const { stdout, stderr, exitCode } = await project.run(["run", "main.lua"]);
  expect({ stdout, exitCode }).toEqual({ stdout: "1\n", exitCode: 0 });
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr.replaceAll(project.work, "").trimEnd();
}

const bad = (content: string | Uint8Array) => problemOf({ "plugins/bad.ts": content });

describe("a broken plugin", () => {
  const cases: [string, string | Uint8Array, RegExp][] = [
    ["that raises", 'throw new Error("no luck");', /it raised an error: no luck\./],
    [
      "that raises when it is looked at",
      'export default new Proxy({}, { get() { throw new Error("trap"); } });',
      /it raised an error: trap\./,
    ],
    ["that does not parse", "export default {", /it does not parse: line 1: /],
    [
      "that exports nothing",
      "export const x = 1;",
      /it exports no default\. Write: export default definePlugin/,
    ],
    ["that exports something else", "export default 5;", /its default export is no plugin but number\./],
    ["that is not UTF-8", new Uint8Array([0x2f, 0x2f, 0xff, 0xfe]), /it is not UTF-8\. Save it as that\./],
    [
      "that imports a package",
      'import x from "left-pad"; export default x;',
      /it imports "left-pad", and plugins have no packages\./,
    ],
    [
      "that imports a mistyped name",
      'import x from "runer"; export default x;',
      /it imports "runer".*Did you mean "runner"\?/,
    ],
    [
      "that imports what is not there",
      'import x from "./none.ts"; export default x;',
      /Cannot find module '\.\/none\.ts'/,
    ],
    [
      "that imports from outside",
      'import x from "../../main.ts"; export default x;',
      /outside of its plugins folder/,
    ],
    ["with a field of the wrong type", module("NAME", "setup: 5"), /setup is 5: expected a function\./],
    [
      "with a field that there is not",
      module("NAME", "hook: {}"),
      /there is no "hook"\. Did you mean "hooks"\?/,
    ],
    [
      "with a hook that there is not",
      module("NAME", "hooks: { taskEnds() {} }"),
      /no "hooks\.taskEnds"\. Did you mean "taskEnd"\?/,
    ],
    [
      "with a module that is no name",
      pluginSource("NAME", 'modules: { "a-b": {} }'),
      /a module's name is made of letters/,
    ],
    [
      "with arguments that are no schemas",
      pluginSource("NAME", "modules: { NAME: { x: { args: [5], run() {} } } }"),
      /modules\.case_\d+\.x\.args\[0\] is 5: expected a schema of zod/,
    ],
    [
      "with a function without run",
      pluginSource("NAME", "modules: { NAME: { x: {} } }"),
      /modules\.case_\d+\.x\.run is missing/,
    ],
    [
      "with a command without a summary",
      pluginSource("NAME", "commands: { bad: { run() {} } }"),
      /commands\.bad\.summary is missing\. Expected text\./,
    ],
    [
      "for another version of the API",
      module("NAME", "api: 2"),
      /api is 2: this runner has version 1 of the API\./,
    ],
    [
      "that takes a module of runner's",
      pluginSource("NAME", "modules: { fs: { x: { run() {} } } }"),
      /the module "fs" is there already: runner itself has it\./,
    ],
    [
      "that takes a command of runner's",
      pluginSource("NAME", 'commands: { run: { summary: "x", run() {} } }'),
      /the command "run" is there already/,
    ],
    [
      "that takes a backend of runner's",
      pluginSource("NAME", 'backends: { sqlite: { description: "x", open() {} } }'),
      /the backend "sqlite" is there already/,
    ],
    [
      "that takes a word of Lua",
      pluginSource("NAME", "modules: { end: { x: { run() {} } } }"),
      /the module "end" is there already/,
    ],
    [
      "that lacks a setting",
      module("NAME", "config: z.object({ url: z.url() })"),
      /its settings are missing: plugins\.config\.case_\d+\.url is missing\. Expected text\. Set plugins\.config\.case_\d+/,
    ],
    [
      "whose setup raises",
      module("NAME", 'setup() { throw new Error("no server"); }'),
      /its setup raised an error: no server\./,
    ],
  ];
  // All of them at once: none may keep another from being named, or the run from its work.
  let said: Promise<string[]> | undefined;
  const runAll = async () => {
    const files = cases.map(([, content], i) => [
      `plugins/case_${i}.ts`,
      typeof content === "string" ? content.replaceAll("NAME", `case_${i}`) : content,
    ]);
    return (await problemOf(Object.fromEntries(files))).split("\n");
  };
  for (const [i, [what, , reason]] of cases.entries()) {
    test(`${what} is named with its file, and the rest works`, async () => {
      said ??= runAll();
      const name = `case_${i}`;
      const line = (await said).find((each) =>
        each.startsWith(`warn  Cannot use plugin "${name}" (/plugins/${name}.ts): `),
      );
      expect(line).toMatch(reason);
    });
  }

  test("of another's name is named, whichever way it has the name", async () => {
    const again = await problemOf({ "plugins/bad.ts": GOOD });
    expect(again).toMatch(/"good\.ts|the plugin "good" is there already: .*has it\. Rename one of them\./);
    const twice = await problemOf({ "plugins/good/index.ts": GOOD });
    expect(twice).toMatch(/has the same name and comes first/);
    expect(await problemOf({ "plugins/fs.lua": "return {}" })).toMatch(/the module "fs" is there already/);
    expect(await problemOf({ "plugins/a-b.lua": "return {}" })).toMatch(/"a-b" cannot be a global of Lua\./);
  });

  test("in Lua is named when it does not parse, and where it is used when it does not run", async () => {
    expect(await problemOf({ "plugins/bad.lua": "return {" })).toMatch(
      /plugins\/bad\.lua\): it does not parse: plugins\/bad\.lua:1: /,
    );
    const used = async (lua: string) => {
      using project = createProject({
        "plugins/bad.lua": lua,
        "plugins/other.lua": "return { y = bad.x }",
        "main.lua": "print(pcall(function() return bad.x end))",
      });
      return (await project.run(["run", "main.lua"])).stdout;
    };
    expect(await used("return {")).toMatch(/^false\tCannot use plugin "bad" .*does not parse/);
    expect(await used("return 5")).toMatch(/^false\tCannot use plugin "bad" \(.*\): it returned number/);
    expect(await used('error("broken")')).toMatch(
      /^false\tCannot use plugin "bad" \(.*\): plugins\/bad\.lua:1: broken/,
    );
    expect(await used("local y = other.y return {}")).toMatch(/in a circle/);
  });

  test("is named again where a script uses what it would have added", async () => {
    using project = createProject({ "plugins/bad.ts": "export default {", "main.lua": "bad.go()" });
    const { stderr, exitCode } = await project.run(["run", "main.lua"]);
    expect(stderr).toMatch(/main\.lua:1: Cannot use plugin "bad" \(.*plugins\/bad\.ts\): it does not parse/);
    expect(exitCode).toBe(1);
  });

  test("that fails where nobody waits for it is named, and the run goes on", async () => {
    const later =
      'setup() { setTimeout(() => { throw new Error("in a timer"); }, 1); void Promise.reject(new Error("in a promise")); }';
    using project = createProject({
      "plugins/bad.ts": pluginSource("bad", later),
      "main.lua": 'time.sleep(0.1) print("done")',
    });
    const { stdout, stderr, exitCode } = await project.run(["run", "main.lua"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "done\n", exitCode: 0 });
    expect(stderr).toMatch(/"bad" \(.*bad\.ts\): it raised an error that nobody waited for: in a promise\./);
    expect(stderr).toMatch(/that nobody waited for: in a timer\./);
  });

  test("whose files import each other in a circle works, as modules do", async () => {
    const problem = await problemOf(
      {
        "plugins/ring/index.ts": `import { b } from "./b.ts"; ${pluginSource("ring", "modules: { ring: { go: { run: () => b() } } }")} export const a = 1;`,
        "plugins/ring/b.ts": 'import { a } from "./index.ts"; export const b = () => a;',
      },
      "ring.go()",
    );
    expect(problem).toBe("");
  });
});

describe("a plugin that others may change", () => {
  test("is refused: a file, its folder, a part of it, the folder of plugins", async () => {
    using project = createProject({
      "plugins/good.ts": GOOD,
      "plugins/more/index.ts": `import "./part.ts"; ${module("more")}`,
      "plugins/more/part.ts": "export {};",
      "main.lua": "print(1)",
    });
    const refused = async (path: string, mode: number, usual: number) => {
      chmodSync(join(project.work, path), mode);
      const { stderr, exitCode } = await project.run(["run", "main.lua"]);
      chmodSync(join(project.work, path), usual);
      expect(exitCode).toBe(0);
      return stderr.replaceAll(project.work, "");
    };
    expect(await refused("plugins/good.ts", 0o666, 0o644)).toMatch(
      /"good" \(\/plugins\/good\.ts\): others may write to it \(mode 0666\)\. Forbid it: chmod go-w/,
    );
    expect(await refused("plugins/good.ts", 0o664, 0o644)).toMatch(/mode 0664/);
    expect(await refused("plugins/more", 0o777, 0o755)).toMatch(
      /"more" .*others may write to "\/plugins\/more" \(mode 0777\)/,
    );
    expect(await refused("plugins/more/part.ts", 0o666, 0o644)).toMatch(
      /"more" .*others may write to "\/plugins\/more\/part\.ts"/,
    );
    expect(await refused("plugins", 0o777, 0o755)).toMatch(
      /"plugins" .*others may write to it \(mode 0777\)/,
    );
  });

  test.skipIf(process.getuid?.() !== 0)("is refused when it belongs to another user", async () => {
    using project = createProject({ "plugins/good.ts": GOOD, "main.lua": "print(1)" });
    chownSync(join(project.work, "plugins/good.ts"), 65534, 65534);
    expect((await project.run(["run", "main.lua"])).stderr).toMatch(
      /it belongs to another user \(uid 65534\)/,
    );
  });

  test("is named when its links lead in a circle or nowhere", async () => {
    using project = createProject({ "plugins/good.ts": GOOD, "main.lua": "print(good.one())" });
    const at = (name: string) => join(project.work, "plugins", name);
    symlinkSync("two.ts", at("one.ts"));
    symlinkSync("one.ts", at("two.ts"));
    symlinkSync("nothing", at("gone.ts"));
    const { stdout, stderr } = await project.run(["run", "main.lua"]);
    expect(stdout).toBe("1\n");
    expect(stderr).toMatch(/one\.ts\): its links lead in a circle\./);
    expect(stderr).toMatch(/gone\.ts\): there is nothing there\./);
  });

  test("is looked for in no folder that is not there, or is a file", async () => {
    using project = createProject({ "main.lua": "print(1)" });
    const { stderr, exitCode } = await project.run(["run", "main.lua", "--plugins", "nowhere"]);
    expect(stderr).toMatch(/Cannot use --plugins nowhere: there is nothing there\./);
    expect(exitCode).toBe(3);
    expect((await project.run(["run", "main.lua", "--plugins", "main.lua"])).exitCode).toBe(2);
  });
});

describe("a plugin that hangs", () => {
  const HANGING: [string, string, RegExp][] = [
    [
      "while it loads",
      "export default await new Promise(() => {});",
      /its file has not ended loading after 3 s\./,
    ],
    ["in setup", module("bad", "setup: () => new Promise(() => {})"), /its setup has not ended after 5 s\./],
    [
      "in close",
      module("bad", "close: () => new Promise(() => {})"),
      /its close has not ended after 1\.5 s\./,
    ],
  ];
  test("is given up and named, while it loads, in setup and in close", async () => {
    const problems = await Promise.all(HANGING.map(([, content]) => bad(content)));
    for (const [i, [, , reason]] of HANGING.entries()) expect(problems[i]).toMatch(reason);
  }, 30_000);

  test("without ever waiting ends the process, which names it", async () => {
    using project = createProject({ "plugins/bad.ts": "for (;;) {}", "main.lua": "print(1)" });
    const { stderr, exitCode } = await project.run(["run", "main.lua"]);
    expect(stderr).toMatch(
      /Cannot use plugin "bad" \(.*bad\.ts\): its file has not ended loading after 3 s, and nothing can go on beside it\./,
    );
    expect(exitCode).toBe(5);
  }, 30_000);
});
