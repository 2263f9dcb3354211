import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type BinaryOptions, createSandbox, type Sandbox } from "../helpers/binary.ts";

/** What `runner doctor -o json` says, with its exit code. */
async function examine(sandbox: Sandbox, options?: BinaryOptions, args: readonly string[] = []) {
  const { stdout, stderr, exitCode } = await sandbox.run(["doctor", "-o", "json", ...args], options);
  expect(stderr).toBe("");
  const found = JSON.parse(stdout);
  const messages: string[] = found.problems.map(({ message }: { message: string }) => message);
  return { found, messages, exitCode };
}

describe("runner doctor", () => {
  test("finds nothing wrong with an empty home, and creates nothing", async () => {
    using sandbox = createSandbox();
    const { stdout, exitCode } = await sandbox.run(["doctor"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      "store     ~/.sloth-runner/state/local.db · sqlite · durability full · not there yet",
    );
    expect(stdout).toMatch(/state\.busy_timeout +30s +default/);
    expect(stdout).toMatch(/All is well\.\n$/);
    expect([readdirSync(sandbox.home), readdirSync(sandbox.work)]).toEqual([[], []]);
  });

  test("says of each setting what it is and where it comes from", async () => {
    using sandbox = createSandbox();
    const home = join(sandbox.home, ".sloth-runner");
    mkdirSync(home, { mode: 0o700 });
    await Bun.write(
      join(home, "config.yaml"),
      "run: { jobs: 2, keep_runs: 5 }\nstate: { busy_timeout: 90s }\n",
    );
    const project = sandbox.write("runner.yaml", "run: { jobs: 3 }\n");
    const env = { RUNNER_STATE_MAX_VALUE: "1MiB" };
    const { found, exitCode } = await examine(sandbox, { env }, ["--backend", "memory"]);
    expect(exitCode).toBe(0);
    expect(found.settings).toMatchObject({
      "run.jobs": { value: 3, from: "file", origin: project },
      "run.keep_runs": { value: 5, from: "file", origin: join(home, "config.yaml") },
      "state.busy_timeout": { value: 90_000, from: "file" },
      "state.max_value": { value: 2 ** 20, from: "environment", origin: "RUNNER_STATE_MAX_VALUE" },
      "state.backend": { value: "memory", from: "option", origin: "--backend" },
      "state.durability": { value: "full", from: "default", origin: null },
    });
    expect(found.notes[0]).toContain('The backend "memory" forgets everything');
    const { stdout } = await sandbox.run(["doctor"], { env });
    expect(stdout).toMatch(/state\.busy_timeout +90s +~\/\.sloth-runner\/config\.yaml/);
    expect(stdout).toMatch(/state\.max_value +1MiB +RUNNER_STATE_MAX_VALUE/);
  });

  test("shows no secret", async () => {
    using sandbox = createSandbox();
    sandbox.write(
      "runner.yaml",
      `state:
  url: rediss://me:hun:ter2@host:1/0?auth_token=hunter2&db=1
  options: { deep: [{ Password: hunter2, plain: kept }] }
plugins: { config: { slack: { webhook: https://:hunter2@hook/x, API_SECRET: hunter2 } } }
`,
    );
    for (const args of [["doctor"], ["doctor", "-o", "json"]]) {
      const { stdout } = await sandbox.run(args);
      expect(stdout).not.toMatch(/hunter2|ter2/);
      expect(stdout).toContain("rediss://me:••••••••@host:1/0?auth_token=••••••••&db=1");
      expect(stdout).toContain("kept");
    }
  });

  test("says what is in the store", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "v"]);
    const before = readdirSync(join(sandbox.home, ".sloth-runner/state"));
    const { found, exitCode } = await examine(sandbox);
    expect(exitCode).toBe(0);
    expect(found.store).toMatchObject({ backend: "sqlite", stats: { total_keys: 1, revision: 1 } });
    expect(readdirSync(join(sandbox.home, ".sloth-runner/state"))).toEqual(before);
    expect((await sandbox.run(["doctor"])).stdout).toContain("durability full · 1 key · ");
  });

  test("names a mistake in the config and still gives a whole document", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "state: { durabilty: full }");
    const { found, messages, exitCode } = await examine(sandbox);
    expect(exitCode).toBe(5);
    expect(messages).toEqual([expect.stringContaining('Did you mean "state.durability"?')]);
    expect(found.settings).toEqual({});
    sandbox.write("runner.toml", "");
    expect((await examine(sandbox)).messages).toEqual([
      expect.stringContaining('there is a "runner.toml" beside'),
    ]);
    expect((await sandbox.run(["doctor"])).stdout).toContain("1 problem\n\n  ✗ Cannot load ");
  });

  test("opens no store that a folder has chosen which is not trusted", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.yaml", "state: { path: planted }");
    sandbox.write("planted/local.db", "not a database, which opening it would say");
    chmodSync(join(sandbox.work, "planted"), 0o700);
    chmodSync(join(sandbox.work, "planted/local.db"), 0o600);
    const before = await examine(sandbox);
    expect(before.exitCode).toBe(5);
    expect(before.messages).toEqual([
      `Cannot trust "${sandbox.work}": it has settings or plugins of its own. Look at it, then: runner trust "${sandbox.work}"`,
    ]);
    expect(before.found.project.trust).toBe("missing");
    await sandbox.run(["trust", "-y"]);
    const after = await examine(sandbox);
    expect([after.exitCode, after.found.project.trust]).toEqual([6, "trusted"]);
    expect(after.messages).toEqual([expect.stringContaining("not a SQLite database")]);
    sandbox.write("runner.yaml", "state: { path: elsewhere }");
    const changed = await examine(sandbox);
    expect([changed.exitCode, changed.found.project.trust]).toEqual([5, "changed"]);
    expect(changed.messages[0]).toContain('"runner.yaml" in it has changed since it was trusted.');
  });

  test.each([
    ["", 0o777, 5, "Others may write to"],
    ["state", 0o755, 6, "Others may look into"],
    ["state/local.db", 0o644, 6, "Others may look into"],
  ])("names a mode of home %p that lets others in", async (name, mode, code, message) => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "v"]);
    const path = join(sandbox.home, ".sloth-runner", name);
    chmodSync(path, mode);
    const { messages, exitCode } = await examine(sandbox);
    expect(messages).toEqual([
      expect.stringContaining(`${message} "${path.replace(/\/$/, "")}" (mode 0${mode.toString(8)})`),
    ]);
    expect(exitCode).toBe(code);
  });

  test("names plugins that cannot be used, and lists those that were found without calling them", async () => {
    using sandbox = createSandbox();
    const plugins = join(sandbox.home, ".sloth-runner/plugins");
    mkdirSync(plugins, { recursive: true, mode: 0o700 });
    await Bun.write(
      join(plugins, "good.ts"),
      'export default { name: "good", setup() { throw new Error("was called"); } }',
    );
    await Bun.write(join(plugins, "open.lua"), "return {}");
    chmodSync(join(plugins, "open.lua"), 0o666);
    const { found, messages, exitCode } = await examine(sandbox);
    expect(found.plugins).toMatchObject([{ name: "good", origin: "home" }]);
    expect(messages).toEqual([
      expect.stringContaining(`Cannot use plugin "open" (${join(plugins, "open.lua")})`),
    ]);
    expect(exitCode).toBe(5);
  });

  test.each([
    [{ RUNNER_STATE_BACKEND: "mongo" }, 5, /Known are: sqlite, memory, .*redis/],
    [{ RUNNER_STATE_BACKEND: "redis", RUNNER_STATE_URL: "redis://127.0.0.1:1" }, 6, /127\.0\.0\.1:1|redis/],
    [{ HOME: "" }, 5, /Cannot find the home of runner/],
    [{ RUNNER_STATE_DURABILITY: "fast" }, 5, /RUNNER_STATE_DURABILITY/],
  ])("with %p ends as other commands would", async (env, code, message) => {
    using sandbox = createSandbox();
    const { messages, exitCode } = await examine(sandbox, { env });
    expect({ exitCode, messages }).toEqual({ exitCode: code, messages: [expect.stringMatching(message)] });
  });

  test("needs no home where the store is elsewhere, and notes what does nothing", async () => {
    using sandbox = createSandbox();
    const env = { HOME: "", RUNNER_STATE_PATH: "here", RUNNER_STATE_URL: "redis://host" };
    const { found, exitCode } = await examine(sandbox, { env });
    expect(exitCode).toBe(0);
    expect(found.notes).toEqual(['state.url does nothing: the backend "sqlite" has no use for it.']);
    expect(existsSync(join(sandbox.work, "here"))).toBe(false);
  });
});
