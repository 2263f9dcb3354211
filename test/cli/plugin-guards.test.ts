import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createProject, pluginSource, writeFiles } from "../helpers/plugin.ts";

describe("a plugin whose name runner itself has", () => {
  test("is named, and what scripts have under it stays", async () => {
    const names = ["fs", "exec", "json", "log", "string", "pcall", "_G", "print", "state"];
    using project = createProject({
      ...Object.fromEntries(names.map((name) => [`plugins/${name}.lua`, "return {}"])),
      "plugins/time.ts": "export default {",
      "main.lua": `state.set("a", 1)
local t = time.now()
local ok = pcall(function() return fs.exists("x") and exec.run and json.encode({}) and log.info and _G.print end)
print(ok, string.upper("a"), state.get("a"), type(t))`,
    });
    const { stdout, stderr, exitCode } = await project.run(["run", "main.lua"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "true\tA\t1\tnumber\n", exitCode: 0 });
    for (const name of [...names, "time"]) expect(stderr).toContain(`Cannot use plugin "${name}"`);
  });
});

describe("a plugin that ends the process", () => {
  test("is named, when it loads, in a hook and in a function, and the run goes on", async () => {
    using project = createProject({
      "plugins/early.ts": "process.exit(0);",
      "plugins/hook.ts": pluginSource("hook", "hooks: { taskStart() { process.abort(); } }"),
      "plugins/end.ts": pluginSource("end", "hooks: { taskStart() { process.reallyExit(0); } }"),
      "plugins/fn.ts": `import { exit } from "node:process"; ${pluginSource(
        "fn",
        "modules: { fn: { go: { run: () => exit(0) } } }",
      )}`,
      "main.lua": 'task("a"):command(function() print(pcall(fn.go)) return true end):build()',
    });
    const { stdout, stderr, exitCode } = await project.run(["run", "main.lua", "a"]);
    expect(exitCode).toBe(0);
    expect(stdout + stderr).toMatch(/Cannot do fn\.go: a plugin cannot end runner by process\.exit/);
    expect(stderr).toMatch(/"early" .*: it raised an error: a plugin cannot end runner by process\.exit/);
    expect(stderr).toMatch(/"hook" .*: its hook taskStart raised an error: .* process\.abort/);
    expect(stderr).toMatch(/"end" .*: its hook taskStart raised an error: .* process\.reallyExit/);
  });
});

test("console.log of a plugin is not on stdout", async () => {
  using project = createProject({
    "plugins/loud.ts": `console.log("loud"); ${pluginSource("loud", "setup() { console.info('two'); }")}`,
    "main.lua": "print(1)",
  });
  const { stdout, stderr } = await project.run(["run", "main.lua"]);
  expect(stdout).toBe("1\n");
  expect(stderr).toMatch(/loud\n(.|\n)*two\n/);
});

test("a part of a plugin in Lua is not read when others may write to it", async () => {
  using project = createProject({
    "plugins/more/index.lua": 'return dofile("plugins/more/part.lua")',
    "plugins/more/part.lua": "return { x = 1 }",
    "main.lua": "print(more.x)",
  });
  expect((await project.run(["run", "main.lua"])).stdout).toBe("1\n");
  chmodSync(join(project.work, "plugins/more/part.lua"), 0o666);
  const { stderr, exitCode } = await project.run(["run", "main.lua"]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/part\.lua": others may write to it \(mode 0666\)/);
});

describe("a backend whose open", () => {
  const openedBy = async (open: string) => {
    using project = createProject({
      "plugins/odd.ts": pluginSource("odd", `backends: { odd: { description: "x", open: ${open} } }`),
    });
    return await project.run(["plugin", "check", "plugins/odd.ts", "--backend", "plugins/odd.ts"]);
  };
  test("is no backend or hangs is named", async () => {
    const [none, half, hung] = await Promise.all(
      ["() => null", "() => ({ now: Date.now })", "() => new Promise(() => {})"].map(openedBy),
    );
    expect(none?.stderr).toMatch(/backend "odd": its open gave null, .* \(plugin "odd", /);
    expect(none?.exitCode).toBe(5);
    expect(half?.stderr).toMatch(/without read, scan, /);
    expect(half?.exitCode).toBe(5);
    expect(hung?.stderr).toMatch(/its open has not ended after 5 s \(plugin "odd"/);
    expect(hung?.exitCode).toBe(6);
  }, 30_000);
});

test("runner plugin check tells of a setup that raises, and of a folder for its work that cannot be had", async () => {
  using project = createProject({
    "plugins/bad.ts": pluginSource("bad", 'setup() { throw new Error("no server"); }'),
  });
  const { stdout, exitCode } = await project.run(["plugin", "check", "plugins/bad.ts"]);
  expect(stdout).toMatch(/✗ bad {2}its setup raised an error: no server\./);
  expect(exitCode).toBe(5);
  const there = { env: { TMPDIR: join(project.work, "none") } };
  const nowhere = await project.run(["plugin", "check", "plugins/bad.ts"], there);
  expect(nowhere.stderr).toMatch(/Set TMPDIR/);
  expect(nowhere.exitCode).toBe(6);
});

test("runner plugin new refuses names that no plugin can have", async () => {
  using project = createProject({});
  for (const name of ["end", "fs", "run", "notify"]) {
    expect((await project.run(["plugin", "new", name])).exitCode).toBe(2);
  }
});

test("runner doctor names plugins that cannot be used, and settings for none", async () => {
  using project = createProject({});
  const home = join(project.home, ".sloth-runner");
  mkdirSync(home, { mode: 0o700 });
  writeFiles(home, {
    "plugins/bad.ts": "export default {",
    "config.yaml": "plugins: { config: { nobody: {} } }",
  });
  const { stdout, exitCode } = await project.run(["doctor"]);
  expect(stdout).toMatch(/Cannot use plugin "bad" .*does not parse/);
  expect(stdout).toMatch(/plugins\.config\.nobody is set, and there is no plugin/);
  expect(exitCode).toBe(5);
});

test("a plugin's log masks what has a secret's name inside of a field", async () => {
  const log = 'log.info("x", { a: { list: [{ password: "hunter22", user: "u" }] } })';
  using project = createProject({
    "plugins/says.ts": pluginSource("says", `setup({ log }) { ${log}; }`),
    "main.lua": "print(1)",
  });
  const { stderr } = await project.run(["run", "main.lua"]);
  expect(stderr).toContain('"user":"u"');
  expect(stderr).not.toContain("hunter22");
});

test("a part of a plugin that is no JSON is named", async () => {
  using project = createProject({
    "plugins/more/index.ts": `import x from "./x.json"; ${pluginSource("more", "setup() { x; }")}`,
    "plugins/more/x.json": "{",
    "main.lua": "print(1)",
  });
  expect((await project.run(["run", "main.lua"])).stderr).toMatch(/more\/x\.json" is no JSON: /);
});
