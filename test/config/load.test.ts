import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DEFAULTS, type SettingName } from "../../src/config/config.ts";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";
import { writeRecord } from "../../src/config/trust-store.ts";
import { surveyTrust } from "../../src/config/trust-survey.ts";
import { createFolder, type TemporaryFolder } from "../helpers/folder.ts";

/** Loads with a home and a project folder below `folder`. */
function load(folder: TemporaryFolder, options: Partial<LoadOptions> = {}) {
  const home = join(folder.path, "home");
  return loadConfig({ home, folder: join(folder.path, "project"), env: {}, project: "follow", ...options });
}

describe("loadConfig()", () => {
  test("gives the defaults where nothing is set", async () => {
    using folder = createFolder();
    expect(await load(folder)).toEqual({ settings: DEFAULTS, origins: {} });
    expect(await load(folder, { home: undefined })).toEqual({ settings: DEFAULTS, origins: {} });
  });

  test("lets the later source win and remembers where each value came from", async () => {
    using folder = createFolder();
    const homeFile = folder.write(
      "home/config.yaml",
      "state:\n  backend: a\n  cache_size: 1\nrun: { jobs: 2, keep_runs: 3 }\n",
    );
    const projectFile = folder.write(
      "project/runner.yaml",
      "state: { backend: b, cache_size: 2 }\nrun: { jobs: 4 }\n",
    );
    const { settings, origins } = await load(folder, {
      env: { RUNNER_STATE_CACHE_SIZE: "3", RUNNER_STATE_BACKEND: "c" },
      flags: [{ origin: "--backend", layer: { "state.backend": "d" } }],
    });
    expect(settings).toEqual({
      ...DEFAULTS,
      "state.backend": "d",
      "state.cache_size": 3,
      "run.jobs": 4,
      "run.keep_runs": 3,
    });
    expect(origins).toEqual({
      "state.backend": "--backend",
      "state.cache_size": "RUNNER_STATE_CACHE_SIZE",
      "run.jobs": projectFile,
      "run.keep_runs": homeFile,
    });
  });

  test("reads durations in ms and sizes in bytes", async () => {
    using folder = createFolder();
    folder.write(
      "project/runner.yaml",
      "state: { busy_timeout: 5m, max_value: 1MiB, history: { for: 7 } }\nrun: { timeout: 1h }\nlua: { memory: 1024 }",
    );
    const { settings } = await load(folder);
    expect(settings["state.busy_timeout"]).toBe(300_000);
    expect(settings["state.history.for"]).toBe(7000);
    expect(settings["state.max_value"]).toBe(1_048_576);
    expect(settings["run.timeout"]).toBe(3_600_000);
    expect(settings["lua.memory"]).toBe(1024);
    const none = await load(folder, { env: { RUNNER_RUN_TIMEOUT: "none" } });
    expect(none.settings["run.timeout"]).toBeUndefined();
  });

  test("accepts everything that SPEC.md shows", async () => {
    using folder = createFolder();
    folder.write(
      "project/runner.yaml",
      `state:
  backend: sqlite
  path: ./state
  durability: normal
  busy_timeout: 30s
  cache_size: 0
  max_value: 64MiB
  session: [a, b]
  session_max: 256MiB
  history: { keep: 100, for: 30d, bytes_per_key: 16MiB }
  backups: { keep: 10 }
  options: { any: 1 }
run: { jobs: 1, timeout: none, keep_going: true, keep_runs: 200 }
lua: { memory: 1GiB }
secrets: { patterns: ["*password*"] }
plugins: { paths: [more], config: { slack: { url: x } } }
`,
    );
    const { settings } = await load(folder);
    expect(settings["state.path"]).toBe(join(folder.path, "project/state"));
    expect(settings["plugins.paths"]).toEqual([join(folder.path, "project/more")]);
    expect(settings["state.session"]).toEqual(["a", "b"]);
    expect(settings["run.keep_going"]).toBe(true);
  });

  test.each([
    ["runner.toml", '[state]\ndurability = "normal"\n'],
    ["runner.json", '{"state":{"durability":"normal"}}'],
    ["runner.yml", "state:\n  durability: normal\n"],
  ])("reads %s, of a parent too", async (name, text) => {
    using folder = createFolder();
    const file = folder.write(`project/${name}`, text);
    const { settings, origins } = await load(folder, { folder: join(folder.path, "project/deep/er") });
    expect(settings["state.durability"]).toBe("normal");
    expect(origins["state.durability"]).toBe(file);
  });

  test("takes empty files and sections for nothing set", async () => {
    using folder = createFolder();
    folder.write("home/config.yaml", "");
    folder.write("project/runner.yaml", "state:\n  # durability: normal\nrun:\n");
    expect(await load(folder)).toEqual({ settings: DEFAULTS, origins: {} });
  });

  test("leaves alone the variables that CI systems set", async () => {
    using folder = createFolder();
    const env = { RUNNER_OS: "Linux", RUNNER_TEMP: "/tmp", RUNNER_DEBUG: "1", RUNNER_HOME: "/h" };
    expect(await load(folder, { env })).toEqual({ settings: DEFAULTS, origins: {} });
  });

  test.each([
    ["state:\n  durabilty: full", 'no setting "state.durabilty". Did you mean "state.durability"?'],
    ["durability: full", 'no setting "durability". Did you mean "state.durability"?'],
    ["staet: {}", 'no setting "staet". Did you mean "state"?'],
    ["state: { history: { kep: 1 } }", 'no setting "state.history.kep". Did you mean "state.history.keep"?'],
    ["state: { durability: fast }", 'state.durability is "fast". Expected "full" or "normal".'],
    ["state: { busy_timeout: soon }", 'state.busy_timeout is "soon". Expected a duration such as'],
    ["state: { max_value: big }", 'state.max_value is "big". Expected a size such as'],
    ["run: { jobs: 0 }", "run.jobs is 0. Expected a whole number from 1 up."],
    ["run: { jobs: many }", 'run.jobs is "many". Expected a whole number from 1 up.'],
    ["run: { keep_going: 1 }", "run.keep_going is 1. Expected true or false."],
    ["run: { timeout: later }", 'run.timeout is "later". Expected a duration such as'],
    ["secrets: { patterns: x }", 'secrets.patterns is "x". Expected a list of texts.'],
    ["state: { session: 5 }", "state.session is 5. Expected "],
    ["state: { backend: }", "state.backend is null. Expected text."],
    ["state: 5", "state is 5. Expected a table of settings."],
    ["- a", 'it is ["a"]. Expected a table of settings.'],
    ["state: { __proto__: 1 }", 'no setting "state.__proto__".'],
    ["a: [1", "YAML Parse error"],
  ])("refuses %p, naming file and path", async (text, message) => {
    using folder = createFolder();
    const file = folder.write("project/runner.yaml", text);
    const failure = load(folder);
    await expect(failure).rejects.toMatchObject({ code: "invalid" });
    await expect(failure).rejects.toThrow(`Cannot load "${file}": `);
    await expect(failure).rejects.toThrow(message);
  });

  test.each([
    [{ RUNNER_STATE_DURABILTY: "full" }, 'Did you mean "RUNNER_STATE_DURABILITY"?'],
    [{ RUNNER_STATE_DURABILITY: "fast" }, 'state.durability is "fast". Expected "full" or "normal".'],
    [{ RUNNER_RUN_JOBS: "many" }, 'run.jobs is "many"'],
  ])("refuses the variable %p", async (env, message) => {
    using folder = createFolder();
    await expect(load(folder, { env })).rejects.toThrow(message);
  });

  test("refuses two config files in one folder", async () => {
    using folder = createFolder();
    folder.write("project/runner.yaml", "");
    folder.write("project/runner.toml", "");
    await expect(load(folder)).rejects.toThrow('there is a "runner.toml" beside it');
  });

  test("refuses a config file that is a folder", async () => {
    using folder = createFolder();
    folder.write("home/config.yaml/x", "");
    await expect(load(folder)).rejects.toThrow("Cannot read");
  });
});

/** A value of each setting that is not its default, as a variable has it, and as a config gives it. */
const SAMPLES: { readonly [N in SettingName]: readonly [text: string, value: unknown] } = {
  "state.backend": ["memory", "memory"],
  "state.path": ["/s", "/s"],
  "state.url": ["redis://host/1", "redis://host/1"],
  "state.pool_size": ["4", 4],
  "state.durability": ["normal", "normal"],
  "state.busy_timeout": ["5s", 5000],
  "state.cache_size": ["100", 100],
  "state.max_value": ["1KiB", 1024],
  "state.session": ["[a, b]", ["a", "b"]],
  "state.session_max": ["2048", 2048],
  "state.history.keep": ["7", 7],
  "state.history.for": ["1h", 3_600_000],
  "state.history.bytes_per_key": ["1MiB", 2 ** 20],
  "state.backups.keep": ["0", 0],
  "state.options": ["{ tls: true }", { tls: true }],
  "run.jobs": ["8", 8],
  "run.timeout": ["1m", 60_000],
  "run.keep_going": ["true", true],
  "run.keep_runs": ["1", 1],
  "lua.memory": ["64MiB", 2 ** 26],
  "secrets.patterns": ['["*key*"]', ["*key*"]],
  "plugins.paths": ["[/p]", ["/p"]],
  "plugins.config": ["{ slack: { channel: ops } }", { slack: { channel: "ops" } }],
};

describe("the variable and the key of each setting", () => {
  test.each(Object.entries(SAMPLES))("%s can be set by both", async (setting, [text, value]) => {
    // The keys of the table are the names of settings.
    const name = setting as SettingName;
    expect(DEFAULTS[name]).not.toEqual(value);
    using folder = createFolder();
    const variable = `RUNNER_${name.replaceAll(".", "_").toUpperCase()}`;
    const byVariable = await load(folder, { env: { [variable]: text } });
    expect<unknown[]>([byVariable.settings[name], byVariable.origins[name]]).toEqual([value, variable]);
    const nested = name.split(".").reduceRight((inner, key) => `{ ${key}: ${inner} }`, text);
    const file = folder.write("project/runner.yaml", nested);
    const byFile = await load(folder);
    expect<unknown[]>([byFile.settings[name], byFile.origins[name]]).toEqual([value, file]);
  });

  test("are all that there are", () => {
    expect(Object.keys(SAMPLES)).toEqual(Object.keys(DEFAULTS));
  });

  test.each([
    [
      "runner.toml",
      "[state]\ndurabilty = 'full'",
      'no setting "state.durabilty". Did you mean "state.durability"?',
    ],
    ["runner.toml", "[run]\njobs = 'x'", 'run.jobs is "x". Expected a whole number from 1 up.'],
    ["runner.toml", "[run]\njobs = 9007199254740993", "Integer cannot be losslessly represented"],
    ["runner.json", '{"run":{"job":1}}', 'no setting "run.job". Did you mean "run.jobs"?'],
    ["runner.json", '{"run":{"jobs":1.5}}', "run.jobs is 1.5. Expected a whole number from 1 up."],
    ["runner.json", '{"run":{"jobs":1,"jobs":2}}', '"jobs" is there twice (line 1).'],
    ["runner.yaml", `run: { jobs: [${'"x", '.repeat(99)}] }`, 'run.jobs is ["x","x"'],
    ["runner.yaml", "state: { url: [redis://me:hunter2@host] }", 'state.url is ["redis://me:•••@host"].'],
    ["runner.yaml", '"sta\\u001bte": 1', 'no setting "sta\\u001bte".'],
  ])("mistakes in %s are named: %s", async (name, text, message) => {
    using folder = createFolder();
    const file = folder.write(`project/${name}`, text);
    const failure = load(folder);
    await expect(failure).rejects.toThrow(`Cannot load "${file}": `);
    await expect(failure).rejects.toThrow(message);
  });
});

describe("loadConfig() in a project that needs trust", () => {
  test.each([
    ["state: { path: elsewhere }", "it sets state.path"],
    ["plugins: { paths: [x] }", "it sets plugins.paths"],
  ])("refuses %p until the folder is trusted", async (text, message) => {
    using folder = createFolder();
    folder.write("project/runner.yaml", text);
    await expect(load(folder, { project: "needs-trust" })).rejects.toMatchObject({ code: "invalid" });
    await expect(load(folder, { project: "needs-trust" })).rejects.toThrow(message);
    const { folder: trusted, files } = surveyTrust(join(folder.path, "project"), {});
    writeRecord(join(folder.path, "home"), { folder: trusted, trustedAt: 0, files });
    await load(folder, { project: "needs-trust" });
    folder.write("project/runner.yaml", `${text}\n`);
    await expect(load(folder, { project: "needs-trust" })).rejects.toThrow("it has changed since");
  });

  test("follows what chooses neither stores nor plugins", async () => {
    using folder = createFolder();
    folder.write("project/runner.yaml", 'secrets: { patterns: ["*key*"] }');
    const { settings } = await load(folder, { project: "needs-trust" });
    expect(settings["secrets.patterns"]).toEqual(["*key*"]);
  });
});
