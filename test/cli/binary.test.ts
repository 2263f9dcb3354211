import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

const MARK = "planted file took effect";

/** Files that Bun itself would follow, as a cloned repository may hold them. */
const PLANTED: Readonly<Record<string, string>> = {
  ".env": "RUNNER_HOME=planted-home\nRUNNER_STATE_BACKEND=planted\n",
  ".env.local": "RUNNER_HOME=planted-home\n",
  ".env.production": "RUNNER_HOME=planted-home\n",
  "bunfig.toml": 'preload = ["./planted.ts"]\n[run]\nbun = true\n',
  "planted.ts": `console.log("${MARK}"); process.exit(99);\n`,
  "tsconfig.json": '{ "compilerOptions": { "paths": { "*": ["./planted.ts"] } } }\n',
  "package.json": '{ "name": "planted", "type": "commonjs", "imports": { "#any": "./planted.ts" } }\n',
  "node_modules/wasmoon/package.json": '{ "name": "wasmoon", "main": "index.js" }\n',
  "node_modules/wasmoon/index.js": `throw new Error("${MARK}");\n`,
  "node_modules/zod/package.json": '{ "name": "zod", "main": "index.js" }\n',
  "node_modules/zod/index.js": `throw new Error("${MARK}");\n`,
};

/** Plants the files in the working folder and beside the binary. */
function plant(sandbox: Sandbox): void {
  for (const [name, content] of Object.entries(PLANTED)) {
    sandbox.write(name, content);
    sandbox.write(join("..", "bin", name), content);
  }
}

/** What a person sees of a command. */
async function observe(sandbox: Sandbox, args: readonly string[]): Promise<unknown> {
  const { stdout, stderr, exitCode } = await sandbox.run(args);
  return { stdout, stderr, exitCode };
}

describe("the binary", () => {
  test("works alone in an empty folder with an empty home and environment", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.run(["version"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toContain("runner");
    expect(readdirSync(sandbox.home)).toEqual([]);
    expect(readdirSync(sandbox.work)).toEqual([]);
    expect(readdirSync(dirname(sandbox.binary))).toHaveLength(1);
  });

  test("is not moved by .env, bunfig.toml, package.json or node_modules in the folder where it starts", async () => {
    using clean = createSandbox();
    using planted = createSandbox();
    plant(planted);
    const before = readdirSync(planted.work).sort();

    for (const args of [
      ["version"],
      ["state", "set", "key", "value"],
      ["state", "get", "key"],
      ["state", "get", "absent"],
      ["no-such-command"],
    ]) {
      expect(await observe(planted, args)).toEqual(await observe(clean, args));
    }
    expect(readdirSync(planted.work).sort()).toEqual(before);
    expect(readdirSync(planted.home)).toEqual([".sloth-runner"]);
  });

  test("is not moved by them when it runs Lua", async () => {
    using sandbox = createSandbox();
    plant(sandbox);
    const source = 'state.set("key", "value") print(state.get("key"))';
    const { stdout, stderr, exitCode } = await sandbox.runLua(source);
    expect({ stdout, exitCode, stderr: stderr.includes(MARK) }).toEqual({
      stdout: "value\n",
      exitCode: 0,
      stderr: false,
    });
    expect(readdirSync(sandbox.home)).toEqual([".sloth-runner"]);
  });
});
