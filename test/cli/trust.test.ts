import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { basename, join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const SETTINGS = "state: { path: elsewhere, url: redis://me:hunter2@db/0, options: { api_token: t0p } }\n";

/** A project with settings and two plugin files, one of them a part of the other. */
function writeProject(sandbox: Sandbox): void {
  sandbox.write("runner.yaml", SETTINGS);
  sandbox.write("plugins/slack.ts", "export default 1;\n");
  sandbox.write("plugins/parts/text.ts", "export const text = 1;\n");
}

const records = (sandbox: Sandbox) => join(sandbox.home, ".sloth-runner/trusted");

describe("runner trust", () => {
  test("shows settings and plugin files, without secrets, and lets other commands follow them", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const before = await sandbox.run(["state", "list"]);
    expect(before.exitCode).toBe(5);
    expect(before.stderr).toContain("it sets state.path, and its folder is not trusted.");
    expect(before.stderr).toContain(`runner trust "${sandbox.work}"`);

    const { stdout, exitCode } = await sandbox.run(["trust", "-y"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(join(sandbox.work, "elsewhere"));
    expect(stdout).toContain("redis://me:••••••••@db/0");
    expect(stdout).toContain("plugins/parts/text.ts\nplugins/slack.ts");
    expect(stdout).toContain("Trusted as it is now: 3 files.");
    expect(stdout).not.toMatch(/hunter2|t0p/);
    expect((await sandbox.run(["state", "set", "k", "v"])).stderr).toBe("");
    expect(readdirSync(sandbox.work)).toContain("elsewhere");
  });

  test("-o json gives the folder, its settings and the hashes of its files", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const { stdout } = await sandbox.run(["trust", "-y", "-o", "json"]);
    const { folder, settings, files } = JSON.parse(stdout);
    expect(folder).toBe(sandbox.work);
    expect(settings["state.options"]).toEqual({ api_token: "••••••••" });
    expect(files["runner.yaml"]).toBe(new Bun.CryptoHasher("sha256").update(SETTINGS).digest("hex"));
  });

  test("changes nothing where nobody can be asked", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const { stderr, exitCode } = await sandbox.run(["trust"]);
    expect(stderr).toContain(`Cannot trust "${sandbox.work}": nobody is there to confirm it. Add --yes`);
    expect(exitCode).toBe(2);
    expect((await sandbox.run(["trust", "--list", "-o", "json"])).stdout).toBe("[]\n");
  });

  test.skipIf(process.platform === "win32")("on a terminal shows it first and then asks", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const answer = async (typed: string) => {
      let shown = "";
      const decoder = new TextDecoder();
      const child = Bun.spawn([sandbox.binary, "trust"], {
        cwd: sandbox.work,
        env: { HOME: sandbox.home, TERM: "dumb" },
        terminal: {
          data(terminal, data) {
            const asked = shown.includes("[y/N]");
            shown += decoder.decode(data, { stream: true });
            if (!asked && shown.includes("[y/N]")) terminal.write(typed);
          },
        },
      });
      const exitCode = await child.exited;
      child.terminal?.close();
      return { shown, exitCode };
    };
    const no = await answer("n\r");
    expect(no.exitCode).toBe(2);
    expect(no.shown).toMatch(/plugins\/slack\.ts[\s\S]*Trust "[^"]+"\? \[y\/N\]/);
    expect((await sandbox.run(["state", "keys"])).exitCode).toBe(5);
    expect((await answer("y\r")).exitCode).toBe(0);
    expect((await sandbox.run(["state", "keys"])).exitCode).toBe(0);
  });

  test("the commands that execute the folder's code need no trust", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "state: { path: elsewhere }\n");
    sandbox.write("runner.lua", 'task({ name = "a", run = function() state.set("k", 1) end })');
    for (const args of [["run"], ["list"], ["check"], ["graph"]]) {
      expect(await sandbox.run(args)).toMatchObject({ exitCode: 0 });
    }
    for (const args of [["runs"], ["state", "keys"], ["lock", "list"], ["state", "stats"]]) {
      const { stderr, exitCode } = await sandbox.run(args);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 5,
        stderr: expect.stringContaining("is not trusted"),
      });
    }
  });

  test("a config file that has changed since is not followed until somebody has looked at it again", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    await sandbox.run(["trust", "-y"]);
    sandbox.write("runner.yaml", `${SETTINGS}# changed\n`);
    const { stderr, exitCode } = await sandbox.run(["state", "list"]);
    expect(exitCode).toBe(5);
    expect(stderr).toBe(
      `Cannot use "${join(sandbox.work, "runner.yaml")}": it has changed since its folder was trusted. ` +
        `Look at it, then trust it again: runner trust "${sandbox.work}"\n`,
    );
    await sandbox.run(["trust", "-y"]);
    expect((await sandbox.run(["state", "list"])).exitCode).toBe(0);
  });

  test.each(["plugins", "more"])(
    "plugins of a project in %s are used as they were when it was trusted",
    async (place) => {
      using sandbox = createSandbox();
      const plugin = (words: string) => `import { definePlugin } from "runner";
export default definePlugin({
  name: "hello",
  commands: { hello: { summary: "Greets", run: ({ ctx }) => ctx.out.line("${words}") } },
});
`;
      if (place === "more") sandbox.write("runner.yaml", "plugins: { paths: [more] }\n");
      sandbox.write(`${place}/hello.ts`, plugin("good day"));
      const hello = () => sandbox.run(["hello"]);
      expect((await hello()).stderr).toContain("its folder is not trusted");
      await sandbox.run(["trust", "-y"]);
      expect(await hello()).toMatchObject({ stdout: "good day\n", exitCode: 0 });
      sandbox.write(`${place}/hello.ts`, plugin("was changed"));
      const { stdout, stderr, exitCode } = await hello();
      expect([stdout, exitCode === 0]).toEqual(["", false]);
      expect(stderr).toContain('hello.ts": it has changed since its folder was trusted.');
    },
  );

  test("--list says which of the folders have changed or are gone", async () => {
    using sandbox = createSandbox();
    for (const name of ["same", "edited", "grown", "gone", "moved"]) {
      sandbox.write(`${name}/plugins/a.lua`, "return {}");
      await sandbox.run(["trust", "-y", name]);
    }
    sandbox.write("edited/plugins/a.lua", "return { evil = true }");
    sandbox.write("grown/plugins/deep/b.lua", "return {}");
    rmSync(join(sandbox.work, "gone"), { recursive: true });
    renameSync(join(sandbox.work, "moved"), join(sandbox.work, "elsewhere"));
    const { stdout } = await sandbox.run(["trust", "--list", "-o", "json"]);
    const listed: { folder: string; state: string; reason: string | null }[] = JSON.parse(stdout);
    const found = listed.map(({ folder, state, reason }) => [basename(folder), state, reason]);
    expect(found).toEqual([
      ["edited", "changed", "plugins/a.lua has changed"],
      ["gone", "gone", "it is not there any more"],
      ["grown", "changed", "plugins/deep/b.lua was added"],
      ["moved", "gone", "it is not there any more"],
      ["same", "trusted", null],
    ]);
    expect((await sandbox.run(["trust", "--list"])).stdout).toContain("plugins/deep/b.lua was added");
  });

  test("--remove ends it, also for a folder that is gone, and says so for one that never was", async () => {
    using sandbox = createSandbox();
    for (const name of ["one", "two"]) {
      sandbox.write(`${name}/runner.yaml`, SETTINGS);
      await sandbox.run(["trust", "-y", name]);
    }
    rmSync(join(sandbox.work, "two"), { recursive: true });
    expect((await sandbox.run(["trust", "--remove", "one"])).stdout).toContain(join(sandbox.work, "one"));
    expect((await sandbox.run(["trust", "--remove", "two"])).exitCode).toBe(0);
    expect(readdirSync(records(sandbox))).toEqual([]);
    expect((await sandbox.run(["trust", "--remove", "two"])).exitCode).toBe(3);
    expect((await sandbox.run(["state", "keys"], { cwd: join(sandbox.work, "one") })).exitCode).toBe(5);
  });

  test("goes by the folder without links, and by the one of the runner.yaml above", async () => {
    using sandbox = createSandbox();
    sandbox.write("real/runner.yaml", "state: { path: elsewhere }\n");
    mkdirSync(join(sandbox.work, "real/deep/er"), { recursive: true });
    symlinkSync(join(sandbox.work, "real"), join(sandbox.work, "link"));
    expect((await sandbox.run(["trust", "-y", "link"])).stdout).toContain(join(sandbox.work, "real"));
    for (const cwd of ["real", "link", "real/deep/er", "link/deep"]) {
      expect((await sandbox.run(["state", "keys"], { cwd: join(sandbox.work, cwd) })).stderr).toBe("");
    }
    await sandbox.run(["trust", "--remove", "real"]);
    await sandbox.run(["trust", "-y"], { cwd: join(sandbox.work, "real/deep/er") });
    expect((await sandbox.run(["state", "keys"], { cwd: join(sandbox.work, "real") })).exitCode).toBe(0);
  });

  test("looks at what a link in the plugins folder leads to, once, and notices when it is turned elsewhere", async () => {
    using sandbox = createSandbox();
    sandbox.write("shared/one.lua", "return {}");
    sandbox.write("shared/two.lua", "return {}");
    mkdirSync(join(sandbox.work, "project/plugins/deep"), { recursive: true });
    const link = join(sandbox.work, "project/plugins/a.lua");
    symlinkSync(join(sandbox.work, "shared/one.lua"), link);
    symlinkSync("..", join(sandbox.work, "project/plugins/deep/circle"));
    symlinkSync("nowhere", join(sandbox.work, "project/plugins/dangling.lua"));
    const { stdout } = await sandbox.run(["trust", "-y", "project", "-o", "json"]);
    expect(Object.keys(JSON.parse(stdout).files)).toEqual([join(sandbox.work, "shared/one.lua")]);
    rmSync(link);
    symlinkSync(join(sandbox.work, "shared/two.lua"), link);
    expect((await sandbox.run(["trust", "--list"])).stdout).toContain("shared/two.lua was added");
  });

  test.each([
    ["the folder", "", 0o777],
    ["the config file", "runner.yaml", 0o666],
    ["a plugin", "plugins/slack.ts", 0o620],
    ["a deeper part", "plugins/parts/text.ts", 0o602],
    ["a plugins folder", "plugins/parts", 0o775],
  ])("refuses when others may write to %s", async (_, path, mode) => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const file = join(sandbox.work, path);
    chmodSync(file, mode);
    const all = statSync(file).isDirectory() ? "-R " : "";
    const { stderr, exitCode } = await sandbox.run(["trust", "-y"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 5,
      stderr: `Cannot trust "${file}": others may write to it (mode ${mode.toString(8).padStart(4, "0")}). Forbid it: chmod ${all}go-w "${file}"\n`,
    });
  });

  test.skipIf(process.getuid?.() !== 0)("refuses what belongs to another user", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    chownSync(join(sandbox.work, "plugins/slack.ts"), 65_534, 65_534);
    const { stderr, exitCode } = await sandbox.run(["trust", "-y"]);
    expect(stderr).toContain("it belongs to another user (uid 65534). Make it your own: chown 0 ");
    expect(exitCode).toBe(5);
  });

  test("a trusted config that others may write to since is not followed", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    await sandbox.run(["trust", "-y"]);
    chmodSync(join(sandbox.work, "runner.yaml"), 0o666);
    const { stderr, exitCode } = await sandbox.run(["state", "keys"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("others may write to it");
  });

  test("keeps its records for the user alone, and believes none that others could have written", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    await sandbox.run(["trust", "-y"]);
    const [name = ""] = readdirSync(records(sandbox));
    expect(statSync(join(records(sandbox), name)).mode & 0o777).toBe(0o600);
    expect(statSync(records(sandbox)).mode & 0o777).toBe(0o700);
    chmodSync(records(sandbox), 0o777);
    const { stderr, exitCode } = await sandbox.run(["state", "keys"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(`Cannot rely on "${records(sandbox)}": others may write to it`);
  });

  test("a file in place of the records, or of the home, is a clear error", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const home = sandbox.write("home", "");
    sandbox.write("other/trusted", "");
    for (const RUNNER_HOME of [home, join(sandbox.work, "other")]) {
      for (const args of [
        ["trust", "-y"],
        ["trust", "--list"],
        ["trust", "--remove"],
      ]) {
        const { stderr, exitCode } = await sandbox.run(args, { env: { RUNNER_HOME } });
        expect({ exitCode, stderr }).toEqual({
          exitCode: 6,
          stderr: expect.stringMatching(/^Cannot (read|write to) "[^"]+trusted": [a-z ]+\.\n$/),
        });
      }
    }
  });

  test("a record that is damaged is none", async () => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    await sandbox.run(["trust", "-y"]);
    const [name = ""] = readdirSync(records(sandbox));
    for (const text of ["", "{", "[]", '{"folder":"/"}']) {
      await Bun.write(join(records(sandbox), name), text);
      expect((await sandbox.run(["state", "keys"])).stderr).toContain("is not trusted");
    }
    expect((await sandbox.run(["trust", "-y"])).exitCode).toBe(0);
    expect((await sandbox.run(["state", "keys"])).exitCode).toBe(0);
  });

  test("trusting many folders at the same time keeps each, and nothing half written", async () => {
    using sandbox = createSandbox();
    const names = Array.from({ length: 12 }, (_, i) => `p${i}`);
    for (const name of names) sandbox.write(`${name}/runner.yaml`, SETTINGS);
    await Promise.all([...names, "p0", "p0"].map((name) => sandbox.run(["trust", "-y", name])));
    const { stdout } = await sandbox.run(["trust", "--list", "-o", "json"]);
    expect(JSON.parse(stdout).map(({ state }: { state: string }) => state)).toEqual(
      names.map(() => "trusted"),
    );
    expect(readdirSync(records(sandbox)).filter((name) => !name.endsWith(".json"))).toEqual([]);
    for (const name of readdirSync(records(sandbox)))
      JSON.parse(readFileSync(join(records(sandbox), name), "utf8"));
  });

  test.each([
    [["trust", "nowhere", "-y"], {}, 3, 'Cannot find the folder "nowhere": no such file or directory.'],
    [["trust", "runner.yaml", "-y"], {}, 5, 'Cannot trust "runner.yaml": it is a file.'],
    [["trust", "-y"], { HOME: "" }, 5, "Cannot find the home of runner"],
    [["trust", "--list", "--remove"], {}, 2, 'Cannot use "--list" with "--remove"'],
    [["trust", "--list", "x"], {}, 2, 'Cannot use "--list" with a folder'],
  ])("%p is a clear error", async (args, env, code, message) => {
    using sandbox = createSandbox();
    writeProject(sandbox);
    const { stderr, exitCode } = await sandbox.run(args, { env });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  test("refuses a config with mistakes and a folder of far too much", async () => {
    using sandbox = createSandbox();
    sandbox.write("wrong/runner.yaml", "state: { pth: x }\n");
    const wrong = await sandbox.run(["trust", "-y", "wrong"]);
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      5,
      expect.stringContaining('Did you mean "state.path"?'),
    ]);
    truncateSync(sandbox.write("much/plugins/large.lua", ""), 2 ** 28 + 1);
    const much = await sandbox.run(["trust", "-y", "much"]);
    expect([much.exitCode, much.stderr]).toEqual([5, expect.stringContaining("its plugins are too much")]);
  });
});

describe("runner init", () => {
  test("trusts a folder that has no settings of its own, and says so of one that has", async () => {
    using sandbox = createSandbox();
    expect(JSON.parse((await sandbox.run(["init", "new", "-o", "json"])).stdout).trusted).toBe(true);
    expect((await sandbox.run(["trust", "--list"])).stdout).toContain(join(sandbox.work, "new"));
    sandbox.write("cloned/runner.yaml", SETTINGS);
    const { stdout } = await sandbox.run(["init", "cloned"]);
    expect(stdout).toContain("trust          not yet. Look at its settings and plugins, then: runner trust");
    expect((await sandbox.run(["state", "keys"], { cwd: join(sandbox.work, "cloned") })).exitCode).toBe(5);
    expect((await sandbox.run(["init", "homeless"], { env: { HOME: "" } })).exitCode).toBe(0);
  });
});
