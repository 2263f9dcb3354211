import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { calleeOf } from "../../src/modules/bind.ts";
import { listModules } from "../../src/modules/reference/all.ts";
import { WORDS } from "../../src/tasks/words.ts";
import { createSandbox } from "../helpers/binary.ts";

describe("runner docs", () => {
  test("shows signature, types, other names and example of a function", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.run(["docs", "fs.rm"]);
    expect(stdout).toStartWith("fs.remove(path)\n");
    expect(stdout).toContain("also     fs.rm, fs.delete");
    expect(stdout).toContain("Example:\n  fs.write");
  });

  test("describes the functions of state as those of any other module", async () => {
    using sandbox = createSandbox();
    const { stdout } = await sandbox.run(["docs", "state.set"]);
    expect(stdout).toBe(`state.set(key, value?, ttl?)
  Stores a value; without a ttl (in seconds) it stays until it is removed.

  key    string
  value  any, optional
  ttl    number, optional
  →      true

Example:
  state.set("version", "v1")  assert(state.get("version") == "v1")
`);
    expect((await sandbox.run(["docs", "fs.read"])).stdout).toContain("sandbox  needs --allow fs");
    const one = JSON.parse((await sandbox.run(["docs", "state.compare_and_swap", "-o", "json"])).stdout);
    expect(one).toMatchObject({
      name: "state.compare_swap",
      aliases: ["compare_and_swap"],
      permission: null,
    });
  });

  test("describes every word of task files, with the options that it takes", async () => {
    using sandbox = createSandbox();
    const { stdout: all } = await sandbox.run(["docs"]);
    for (const { name, description, fields = {} } of WORDS) {
      expect(all).toContain(name);
      const { stdout } = await sandbox.run(["docs", name, "-o", "json"]);
      const { fields: shown, options = shown ?? [], ...word } = JSON.parse(stdout);
      expect(word).toMatchObject({ name, description });
      expect(options.map((field: { name: string }) => field.name)).toEqual(Object.keys(fields));
    }
    const { stdout } = await sandbox.run(["docs", "task"]);
    expect(stdout).toContain(
      "\n  retry_delay   before the first extra attempt; 1 s if absent, 30 s at most\n",
    );
    expect((await sandbox.run(["docs", "worklfow"])).stderr).toContain('Did you mean "workflow"?');
  });

  test("is one JSON document with -o json", async () => {
    using sandbox = createSandbox();
    const names = JSON.parse((await sandbox.run(["docs", "-o", "json"])).stdout).map(
      (module: { name: string }) => module.name,
    );
    expect(names).toEqual(expect.arrayContaining(["state", "exec", "fs", "http", "async"]));
  });

  test("says what was meant by a mistyped name", async () => {
    using sandbox = createSandbox();
    const { stderr, exitCode } = await sandbox.run(["docs", "fs.raed"]);
    expect({ stderr, exitCode }).toEqual({
      stderr: 'Cannot find "fs.raed" in the reference. Did you mean "fs.read"?\n',
      exitCode: 3,
    });
  });
});

describe("runner init", () => {
  test("writes a project that runs, with types for the editor", async () => {
    using sandbox = createSandbox();
    expect((await sandbox.run(["init"])).exitCode).toBe(0);
    const env = { PATH: process.env.PATH ?? "" };
    const { stderr, exitCode } = await sandbox.run(["run", "build"], { env });
    expect({ exitCode, built: stderr.includes("built dev") }).toEqual({ exitCode: 0, built: true });
    const settings = JSON.parse(readFileSync(join(sandbox.work, ".luarc.json"), "utf8"));
    expect(existsSync(join(sandbox.work, settings["workspace.library"][0], "state.lua"))).toBe(true);
  });

  test("writes types that are Lua themselves", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["init"]);
    const source = `for _, path in ipairs(fs.glob(".runner/types/*.lua")) do assert(loadfile(path)) end print("fine")`;
    expect((await sandbox.runLua(source)).stdout).toBe("fine\n");
  });

  test("writes the types of every module, each into a file of its own on any disk", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["init"]);
    const types = join(sandbox.work, ".runner/types");
    const files = readdirSync(types);
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(files.length);
    const text = files.map((file) => readFileSync(join(types, file), "utf8")).join("\n");
    const functions = listModules().flatMap((module) =>
      Object.keys(module.functions).map((name) => `\nfunction ${calleeOf(module, name)}(`),
    );
    expect(functions.filter((head) => !text.includes(head))).toEqual([]);
    expect(text).toContain("---@param ttl? number\n---@return true\nfunction state.set(key, value, ttl) end");
  });

  test("writes what an editor shows of the words of task files", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["init"]);
    const text = readFileSync(join(sandbox.work, ".runner/types/tasks.lua"), "utf8");
    for (const line of [
      "---@class runner.this",
      "---@field run_id string the run's id in the journal",
      "---@class runner.task",
      "---@field timeout (string|number)?",
      "---@class runner.taskBuilder",
      "function task(options) end",
      "function workflow.define(name, options) end",
      "TaskDefinitions = {}",
      "---@field on_complete function? called after its last task, with whether all went well",
    ]) {
      expect(text).toContain(`${line}`);
    }
  });

  test("keeps what is there", async () => {
    using sandbox = createSandbox();
    sandbox.write("runner.lua", "-- mine");
    const { stdout } = await sandbox.run(["init"]);
    expect(stdout).toContain("runner.lua     kept, it was there");
    expect(readFileSync(join(sandbox.work, "runner.lua"), "utf8")).toBe("-- mine");
  });
});

describe("runner repl", () => {
  test("shows what expressions give, awaits, and takes statements over several lines", async () => {
    using sandbox = createSandbox();
    const stdin =
      'x = 5\nx + 1, "s"\nfor i = 1, 2 do\nprint(i)\nend\ntime.sleep(0.001)\nstate.set("a", { 1 })\nstate.get("a")\n';
    const { stdout, stderr, exitCode } = await sandbox.run(["repl"], { stdin });
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '6\t"s"\n1\n2\nnil\ntrue\n{1}\n',
      stderr: "",
      exitCode: 0,
    });
  });

  test("goes on after an error, and ends with 1 when nobody watched", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.run(["repl"], {
      stdin: "nope()\n1\nx = = 1\nfor i = 1",
    });
    expect({ stdout, exitCode }).toEqual({ stdout: "1\n", exitCode: 1 });
    expect(stderr.split("\n").slice(0, 3)).toEqual([
      "stdin:1: attempt to call a nil value (global 'nope')",
      "stdin:1: unexpected symbol near '='",
      "Cannot run the last lines: they are not complete.",
    ]);
  });

  test("ends as os.exit says", async () => {
    using sandbox = createSandbox();
    expect((await sandbox.run(["repl"], { stdin: "os.exit(4)\n" })).exitCode).toBe(4);
  });
});
