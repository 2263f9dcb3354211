import { describe, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { splitLine } from "../../src/cli/complete.ts";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";
import { createProject, pluginSource } from "../helpers/plugin.ts";

/** The words that are offered for a line. */
async function words(sandbox: Sandbox, line: string): Promise<string[]> {
  const { stdout, stderr, exitCode } = await sandbox.run(["completions", "words", "--", line]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return stdout.split("\n").flatMap((row) => (row === "" ? [] : [row.split("\t")[0] ?? ""]));
}

describe("splitLine()", () => {
  test.each([
    ["", [""]],
    ["runner", ["runner"]],
    ["runner ", ["runner", ""]],
    ["runner  state\tge", ["runner", "state", "ge"]],
    ['runner \'a b\' "c\\"d" e\\ f', ["runner", "a b", 'c"d', "e f"]],
    ["runner a'b'\"c\"", ["runner", "abc"]],
    ["runner 'open qu", ["runner", "open qu"]],
    ['runner "open \\', ["runner", "open "]],
    ["runner ''", ["runner", ""]],
  ])("of %j gives %j", (line, expected) => {
    expect(splitLine(line)).toEqual(expected);
  });
});

describe("runner completions words", () => {
  test("gives commands, those of a group, and options that are left", async () => {
    using sandbox = createSandbox();
    expect(await words(sandbox, "runner st")).toEqual(["state"]);
    expect(await words(sandbox, "runner ")).toEqual(
      expect.arrayContaining(["run", "trust", "doctor", "report"]),
    );
    expect(await words(sandbox, "runner lock ")).toEqual(["list", "show", "release", "run"]);
    expect(await words(sandbox, "runner --he")).toEqual(["--help"]);
    expect(await words(sandbox, "runner state list --o")).toEqual(["--output"]);
    expect(await words(sandbox, "runner state list -o json --o")).toEqual([]);
    expect(await words(sandbox, "runner run --set a=1 --se")).toEqual(["--set"]);
    expect(await words(sandbox, "runner state get -- --")).toEqual([]);
    expect(await words(sandbox, "runner nonsense ")).toEqual([]);
    expect(await words(sandbox, "runner state nonsense x")).toEqual([]);
  });

  test("gives the values of options, in either form", async () => {
    using sandbox = createSandbox();
    expect(await words(sandbox, "runner state list -o ")).toEqual(["text", "json"]);
    expect(await words(sandbox, "runner state list --output j")).toEqual(["json"]);
    expect(await words(sandbox, "runner state list --output=j")).toEqual(["--output=json"]);
    expect(await words(sandbox, "runner state list --backend ")).toEqual(
      expect.arrayContaining(["sqlite", "redis"]),
    );
    expect(await words(sandbox, "runner completions ")).toEqual(["bash", "zsh", "fish"]);
    expect(await words(sandbox, "runner runs sh")).toEqual(["show"]);
  });

  test("gives keys of the store that the line names, whatever is in them", async () => {
    using sandbox = createSandbox();
    for (const key of ["deploy:version", "deploy:[1]", "deploy:[2]", "other", "line\nend"]) {
      await sandbox.run(["state", "set", key, "v"]);
    }
    await sandbox.run(["state", "set", "--agent", "web", "far", "v"]);
    expect(await words(sandbox, "runner state get deploy:v")).toEqual(["deploy:version"]);
    expect(await words(sandbox, "runner state get deploy:[")).toEqual(["deploy:[1]", "deploy:[2]"]);
    expect(await words(sandbox, "runner state delete other ")).toHaveLength(4);
    expect(await words(sandbox, "runner state get --agent web ")).toEqual(["far"]);
    expect(await words(sandbox, "runner state get --agent=web ")).toEqual(["far"]);
    expect(await words(sandbox, "runner state get --agent /bad ")).toEqual([]);
  });

  test("gives what an argument of a plugin's command says", async () => {
    const command = (name: string, completes: string) =>
      `${name}: defineCommand({ summary: "S", args: { x: { type: "positional", description: "X", ${completes} } }, run: () => 0 })`;
    using sandbox = createProject({
      "plugins/mine.ts": pluginSource(
        "mine",
        `commands: { ${command("peek", 'completes: "key"')}, ${command("pick", 'completes: ["one", "two"]')} }`,
      ),
      "runner.lua": "",
    });
    await sandbox.run(["trust", ".", "--yes"]);
    await sandbox.run(["state", "set", "deploy:version", "v"]);
    expect(await words(sandbox, "runner peek de")).toEqual(["deploy:version"]);
    expect(await words(sandbox, "runner pick t")).toEqual(["two"]);
  });

  test("gives tasks of the file that the line names or that is found, and task files", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.lua", 'task({ name = "build", description = "Make it", run = function() end })');
    sandbox.write("other.lua", 'task({ name = "deploy", run = function() end })');
    expect(await words(sandbox, "runner run ")).toEqual(expect.arrayContaining(["build", "other.lua"]));
    expect(await words(sandbox, "runner run other.lua d")).toEqual(["deploy"]);
    sandbox.write("runner.lua", "while true do end");
    expect(await words(sandbox, "runner run o")).toEqual(["other.lua"]);
  });

  test("creates nothing", async () => {
    using sandbox = createSandbox();
    expect(await words(sandbox, "runner state get ")).toEqual([]);
    expect(await Array.fromAsync(new Bun.Glob("**").scan({ cwd: sandbox.home, dot: true }))).toEqual([]);
  });
});

/** What bash offers for a line, by the script that it has sourced. */
async function bashWords(sandbox: Sandbox, line: string): Promise<string[]> {
  const script = `
source <(runner completions bash) || exit 1
COMP_LINE=$1 COMP_POINT=\${#1}
# As readline does it: what COMP_WORDBREAKS has is a word of its own.
read -ra COMP_WORDS <<< "$(sed -E 's/([:=@])/ \\1 /g' <<< "$1")"
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_runner runner
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const shell = Bun.spawn(["bash", "--norc", "-c", script, "bash", line], {
    cwd: sandbox.work,
    env: { HOME: sandbox.home, PATH: `${dirname(sandbox.binary)}:${process.env.PATH}` },
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(shell.stdout).text(),
    new Response(shell.stderr).text(),
  ]);
  expect({ stderr, exitCode: await shell.exited }).toEqual({ stderr: "", exitCode: 0 });
  return stdout.split("\n").filter((word) => word !== "");
}

describe("runner completions", () => {
  test.skipIf(Bun.which("bash") === null)(
    "bash: offers words, and only what bash lacks after a colon",
    async () => {
      using sandbox = createSandbox();
      await sandbox.run(["state", "set", "deploy:version", "v"]);
      await sandbox.run(["state", "set", "a b $(x)", "v"]);
      await sandbox.run(["state", "set", "*", "v"]);
      await sandbox.run(["state", "set", "me@host:x", "v"]);
      expect(await bashWords(sandbox, "runner state ge")).toEqual(["get"]);
      expect(await bashWords(sandbox, "runner state get dep")).toEqual(["deploy:version"]);
      expect(await bashWords(sandbox, "runner state get deploy:v")).toEqual(["version"]);
      expect(await bashWords(sandbox, "runner state list --output=j")).toEqual(["json"]);
      expect(await bashWords(sandbox, "runner state get a")).toEqual(["a\\ b\\ \\$\\(x\\)"]);
      expect(await bashWords(sandbox, "runner state get '*'")).toEqual(["\\*"]);
      expect(await bashWords(sandbox, "runner state get me@h")).toEqual(["host:x"]);
      expect(await bashWords(sandbox, "runner state backup fi")).toEqual([]);
    },
  );

  test.each(["zsh", "fish"])("%s: its script is one that the shell takes", async (shell) => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.run(["completions", shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("completions words --");
    const program = Bun.which(shell);
    if (program === null) return;
    const file = join(sandbox.work, "script");
    await Bun.write(file, stdout);
    const source = shell === "zsh" ? `autoload -U compinit && compinit -u; source ${file}` : `source ${file}`;
    const { stderr, exitCode: ended } = Bun.spawnSync([program, "-c", source], {
      env: { HOME: sandbox.home },
    });
    expect([stderr.toString(), ended]).toEqual(["", 0]);
  });

  test("refuses another shell, with the ones that there are", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.run(["completions", "bsh"]);
    expect(stderr).toBe('Cannot complete for "bsh": there are bash, zsh and fish. Did you mean "bash"?\n');
    expect(exitCode).toBe(2);
  });
});
