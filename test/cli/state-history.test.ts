import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { diffLines } from "../../src/cli/state/diff.ts";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

async function set(sandbox: Sandbox, key: string, ...values: string[]): Promise<void> {
  for (const value of values) await sandbox.run(["state", "set", key, "--json", value]);
}

describe("runner state history, revert and get --at", () => {
  test("history shows the versions, newest first, and how to go back", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", '"v1"', '"v2"');
    await sandbox.run(["state", "delete", "k", "--yes"]);
    const { stdout, stderr } = await sandbox.run(["state", "history", "k"]);
    const [heading, ...rows] = stdout.trimEnd().split("\n");
    expect(heading).toMatch(/^REVISION {3}WHEN {18}WHO {2,}VALUE$/);
    expect(rows.map((row) => `${row[0]} ${row.split("   ").at(-1)}`)).toEqual([
      "3 (deleted)",
      "2 v2",
      "1 v1",
    ]);
    expect(stderr).toBe("Back to one of them: runner state revert k --to 2\n");
    const json = JSON.parse(
      (await sandbox.run(["state", "history", "k", "--limit", "2", "-o", "json"])).stdout,
    );
    expect(json).toMatchObject([
      { revision: 3, kind: "delete", value: null, type: null },
      { revision: 2, kind: "put", value: "v2", type: "string", run: null, task: null },
    ]);
  });

  test("history names the run and the task that wrote", async () => {
    using sandbox = createSandbox();
    const source = 'task({ name = "switch", run = function() state.set("k", 1) end })';
    expect((await sandbox.runLua(source)).exitCode).toBe(0);
    const { stdout } = await sandbox.run(["state", "history", "k"]);
    expect(stdout).toMatch(/run \w+ · switch · \S+ {3}1/);
  });

  test("history --diff shows what each version changed", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", '{"a":1,"b":2}', '{"a":1,"b":3}');
    const { stdout } = await sandbox.run(["state", "history", "k", "--diff"]);
    const lines = stdout.split("\n").filter((line) => line.startsWith("  "));
    expect(lines.slice(0, 2)).toEqual(['  -   "b": 2', '  +   "b": 3']);
  });

  test("history masks secrets, and says when nothing is known of a key", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "api:token", '"hunter2"');
    for (const more of [[], ["--diff"], ["-o", "json"]]) {
      const { stdout } = await sandbox.run(["state", "history", "api:token", ...more]);
      expect(stdout).not.toContain("hunter2");
    }
    expect((await sandbox.run(["state", "history", "api:tokne"])).exitCode).toBe(3);
    expect((await sandbox.run(["state", "history", "k", "--limit", "0"])).exitCode).toBe(2);
  });

  test("revert brings a version back, or deletes the key if it had none", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", '{"v":1}', "2");
    expect((await sandbox.run(["state", "revert", "k", "--to", "1"])).stdout).toBe(
      'Brought "k" back to revision 1.\n',
    );
    expect((await sandbox.run(["state", "get", "k"])).stdout).toBe('{"v":1}\n');
    expect((await sandbox.run(["state", "revert", "k", "--to", "3"])).stdout).toContain("already");
    const gone = await sandbox.run(["state", "revert", "k", "--to", "2001-01-01", "-o", "json"]);
    expect(JSON.parse(gone.stdout)).toEqual({ key: "k", changed: true, to: null });
    expect((await sandbox.run(["state", "revert", "k"])).exitCode).toBe(2);
    expect((await sandbox.run(["state", "revert", "k", "--to", "whenever"])).exitCode).toBe(2);
  });

  test("delete --purge takes the history along, also of a key that is gone", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", '"secret"');
    await sandbox.run(["state", "delete", "k", "--yes"]);
    expect((await sandbox.run(["state", "delete", "k", "--purge"])).exitCode).toBe(2);
    const purged = await sandbox.run(["state", "delete", "k", "--purge", "--yes"]);
    expect(purged).toMatchObject({
      exitCode: 0,
      stdout: 'Removed the history of "k", which was not there any more.\n',
    });
    expect((await sandbox.run(["state", "history", "k", "-o", "json"])).stdout).not.toContain("secret");
    expect((await sandbox.run(["state", "get", "k", "--at", "1"])).exitCode).toBe(6);
  });

  test("delete --purge leaves nothing of the value in the files of the store, and names backups that may", async () => {
    using sandbox = createSandbox();
    const secret = "correct horse battery staple ";
    for (const text of [secret.repeat(500), secret, `${secret.repeat(500)}!`]) {
      await sandbox.run(["state", "set", "k", text]);
      await sandbox.run(["state", "set", "other", "1"]);
    }
    const folder = join(sandbox.home, ".sloth-runner/state");
    const holds = () =>
      readdirSync(folder).filter((name) => readFileSync(join(folder, name), "latin1").includes(secret));
    expect(holds()).not.toEqual([]);
    const purged = await sandbox.run(["state", "delete", "k", "--purge", "--yes"]);
    expect(purged).toMatchObject({ exitCode: 0, stdout: 'Removed "k" with its history.\n', stderr: "" });
    expect(holds()).toEqual([]);
    await sandbox.run(["state", "clear", "--yes"]);
    const after = await sandbox.run(["state", "delete", "k", "--purge", "--yes"]);
    expect(after.stderr).toContain("1 automatic backup may still hold");
  });

  test("get --at prints the value as of a revision or a time", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", '"v1"', '"v2"');
    expect((await sandbox.run(["state", "get", "k", "--at", "1"])).stdout).toBe("v1\n");
    const before = await sandbox.run(["state", "get", "k", "--at", "1d"]);
    expect(before).toMatchObject({
      exitCode: 3,
      stderr: 'Cannot find "k" as of 1d: it had no value then.\n',
    });
    expect((await sandbox.run(["state", "get", "k", "--at", "1d", "--default", "none"])).stdout).toBe(
      "none\n",
    );
  });
});

describe("runner state watch", () => {
  test("prints what others change, as lines of JSON too, and goes on where it is told", async () => {
    using sandbox = createSandbox();
    const watching = sandbox.spawn(["state", "watch", "a*", "--after", "0", "--count", "4", "-o", "json"]);
    await set(sandbox, "a1", "1");
    await watching.untilStdout('"a1"');
    await set(sandbox, "b", "1");
    await sandbox.runLua('state.set_many({ a2 = "two", a3 = 3 }) state.delete("a1")');
    const seen = (await watching.finished).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(seen.map(({ revision, kind, key, value }) => [revision, kind, key, value])).toEqual([
      [1, "put", "a1", 1],
      [3, "put", "a2", "two"],
      [3, "put", "a3", 3],
      [4, "delete", "a1", null],
    ]);
    const again = await sandbox.run(["state", "watch", "a*", "--after", "3", "--count", "1"]);
    expect(again.stdout).toMatch(/^4 {3}.* {3}a1 {3}\(deleted\) {3}/);
  });

  test("misses nothing of what several processes write at once", async () => {
    using sandbox = createSandbox();
    const watching = sandbox.spawn(["state", "watch", "n:*", "--after", "0", "--count", "200", "-o", "json"]);
    sandbox.write("w.lua", 'for i = 1, 50 do state.increment("n:" .. values.name) end');
    const writers = ["a", "b", "c", "d"].map((name) =>
      sandbox.run(["run", "w.lua", "--set", `name=${name}`]),
    );
    await Promise.all(writers);
    const seen = (await watching.finished).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    for (const name of ["a", "b", "c", "d"]) {
      const values = seen.filter(({ key }) => key === `n:${name}`).map(({ value }) => value);
      expect(values).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    }
  });

  test("runs a command for each change, with the key in its environment and the value on its stdin", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", '{"a":[1]}', '"text"');
    await sandbox.run(["state", "delete", "k", "--yes"]);
    const say = 'echo "$RUNNER_REVISION $RUNNER_KIND $RUNNER_KEY [$(/bin/cat)]"; [ "$RUNNER_REVISION" != 2 ]';
    const watch = ["state", "watch", "k", "--after", "0", "--count", "3", "--", "/bin/sh", "-c", say];
    const { stdout, stderr, exitCode } = await sandbox.run(watch);
    expect(stdout).toBe('1 put k [{"a":[1]}]\n2 put k [text]\n3 delete k []\n');
    expect(stderr).toBe('/bin/sh ended with exit code 1 for "k".\n');
    expect(exitCode).toBe(0);
  });

  test("ends on a signal, and refuses patterns and numbers that are none", async () => {
    using sandbox = createSandbox();
    await set(sandbox, "k", "1");
    const watching = sandbox.spawn(["state", "watch", "*", "--after", "0"]);
    await watching.untilStdout("k");
    watching.kill("SIGINT");
    expect((await watching.finished).exitCode).toBe(130);
    for (const wrong of [["["], ["*", "--after", "-1"], ["*", "--count", "0"]]) {
      expect((await sandbox.run(["state", "watch", ...wrong])).exitCode).toBe(2);
    }
    expect(await sandbox.run(["state", "watch", "*", "--after", "7"])).toMatchObject({
      stdout: "",
      stderr: "Cannot watch after revision 7: the store is at revision 1. Give one up to that.\n",
      exitCode: 2,
    });
  });
});

describe("diffLines()", () => {
  test("gives the lines that went and came, in order", () => {
    expect(diffLines("a\nb\nc\nd", "a\nx\nc\ny\nd")).toEqual(["- b", "+ x", "+ y"]);
    expect(diffLines(undefined, "a")).toEqual(["+ a"]);
    expect(diffLines("a\nb", undefined)).toEqual(["- a", "- b"]);
    expect(diffLines("same", "same")).toEqual([]);
  });
});
