import { describe, expect, test } from "bun:test";
import { createSandbox } from "../helpers/binary.ts";

describe("runner state restore", () => {
  test("needs no temporary folder of the system", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "old"]);
    await sandbox.run(["state", "backup", "b.bak"]);
    await sandbox.run(["state", "set", "k", "new"]);
    const env = { TMPDIR: "/nonexistent" };
    const { stderr, exitCode } = await sandbox.run(["state", "restore", "b.bak", "-y"], { env });
    expect({ stderr: stderr.includes("bug"), exitCode }).toEqual({ stderr: false, exitCode: 0 });
    expect((await sandbox.run(["state", "get", "k"])).stdout).toBe("old\n");
  });
});

describe("runner state import --unchecked", () => {
  test("honours the ttl of an edited entry", async () => {
    using sandbox = createSandbox();
    const stdin = '{"key":"t","value":"x","ttl":60}\n';
    await sandbox.run(["state", "import", "--unchecked"], { stdin });
    const shown = JSON.parse((await sandbox.run(["state", "show", "t", "-o", "json"])).stdout);
    expect(shown.ttl).toBeGreaterThan(0);
    expect(shown.ttl).toBeLessThanOrEqual(60);
  });

  test.each(['{"key":"t","value":1,"zzz":1}', '{"key":"t","value":1,"ttl":-5}'])(
    "refuses the whole for %s",
    async (line) => {
      using sandbox = createSandbox();
      const stdin = `{"key":"a","value":1}\n${line}\n`;
      const { stderr, exitCode } = await sandbox.run(["state", "import", "--unchecked"], { stdin });
      expect(exitCode).toBe(5);
      expect(stderr).toContain("2");
      expect((await sandbox.run(["state", "keys"])).stdout).toBe("");
    },
  );
});

describe("runner state revert", () => {
  test("does not take a mistyped key or revision for done", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "deploy", "v1"]);
    const key = await sandbox.run(["state", "revert", "deplyo", "--to", "1"]);
    expect(key.stderr).toContain('Did you mean "deploy"?');
    expect(key.exitCode).toBe(3);
    const revision = await sandbox.run(["state", "revert", "deploy", "--to", "99"]);
    expect(revision.stderr).toContain("the newest is 1");
    expect(revision.exitCode).toBe(3);
  });
});

describe("the exit code of a plain script", () => {
  test.each([
    ["state.set('a', 1, 0)", 1],
    ["state.need('nope')", 1],
    ["error('x')", 1],
    ["local = 1", 5],
  ])("after %s is %d", async (source, code) => {
    using sandbox = createSandbox();
    expect((await sandbox.runLua(source)).exitCode).toBe(code);
  });
});

test("the history names the account, or its number where nothing names it", async () => {
  using sandbox = createSandbox();
  await sandbox.run(["state", "set", "k", "1"]);
  await sandbox.run(["state", "set", "k", "2"], { env: { USER: "deploy" } });
  const { stdout } = await sandbox.run(["state", "history", "k"]);
  expect(stdout).toContain("deploy");
  expect(stdout).not.toContain("unknown");
});
