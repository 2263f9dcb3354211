import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { CommandEntry, Group } from "../../src/cli/command.ts";
import { ROOT } from "../../src/cli/commands.ts";
import { createSandbox } from "../helpers/binary.ts";

/** Every command and group below `group`, by how it is called. */
function* walk(group: Group, path: readonly string[] = []): Generator<[string, CommandEntry | Group]> {
  yield [path.join(" "), group];
  for (const [name, entry] of Object.entries(group.commands)) {
    if ("commands" in entry) yield* walk(entry, [...path, name]);
    else yield [[...path, name].join(" "), entry];
  }
}

const PATHS = [...walk(ROOT)].map(([path]) => path);

describe("runner --help", () => {
  test("is what runner alone prints", async () => {
    using sandbox = createSandbox();
    const alone = await sandbox.run([]);
    const asked = await sandbox.run(["--help"]);
    expect(alone).toMatchObject({ exitCode: 0, stderr: "" });
    expect(alone.stdout).toContain("Usage: runner COMMAND [options]");
    expect(asked.stdout).toBe(alone.stdout);
  });

  test.each(PATHS)("has usage and an example for: runner %s", async (path) => {
    using sandbox = createSandbox();
    for (const flag of ["--help", "-h"]) {
      const { stdout, stderr, exitCode } = await sandbox.run([...path.split(" ").filter(Boolean), flag]);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      expect(stdout).toContain(`Usage: ${["runner", path].join(" ").trim()}`);
      expect(stdout).toMatch(/\nExamples?:\n {2}\S/);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(115);
    }
  });

  test("wins over what is missing or unknown behind it", async () => {
    using sandbox = createSandbox();
    expect(await sandbox.run(["state", "get", "--frobnicate", "--help"])).toMatchObject({ exitCode: 0 });
  });
});

describe("runner version", () => {
  test("is the same in its three forms", async () => {
    using sandbox = createSandbox();
    const word = await sandbox.run(["version"]);
    expect(word.stdout).toMatch(/^runner \d+\.\d+\.\d+/);
    for (const flag of ["--version", "-V"]) expect((await sandbox.run([flag])).stdout).toBe(word.stdout);
  });

  test("gives version, commit and target as JSON", async () => {
    using sandbox = createSandbox();
    for (const args of [
      ["version", "-o", "json"],
      ["--version", "-o", "json"],
    ]) {
      const { stdout } = await sandbox.run(args);
      expect(Object.keys(JSON.parse(stdout))).toEqual(["version", "commit", "target"]);
    }
  });
});

describe("A mistyped command line", () => {
  test.each([
    [["stat"], 'Cannot run "runner stat": there is no such command. Did you mean "state"?'],
    [["frobnicate"], "See: runner --help"],
    [["constructor"], 'Cannot run "runner constructor"'],
    [["state", "gte", "k"], 'Cannot run "runner state gte": there is no such command. Did you mean "get"?'],
    [["state", "list", "--outptu", "json"], 'Did you mean "--output"?'],
    [["state", "list", "-o", "xml"], 'Cannot use "-o xml": it takes text or json.'],
    [["state", "get"], 'Cannot run "runner state get": KEY is missing.'],
    [["state", "get", "a", "b"], 'it has no use for "b"'],
    [["--frob"], 'Cannot use "--frob"'],
    [["state", "--frob", "get"], 'Cannot use "--frob"'],
  ])("%p is exit 2 with one line that helps", async (args, message) => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.run(args);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("shows a stack only when asked", async () => {
    using sandbox = createSandbox();
    const stackOf = async (args: string[], env = {}) =>
      (await sandbox.run(args, { env })).stderr.includes("\n    at ");
    expect(await stackOf(["state", "gte"])).toBe(false);
    expect(await stackOf(["state", "gte", "--debug"])).toBe(true);
    expect(await stackOf(["--debug", "state", "gte"])).toBe(true);
    expect(await stackOf(["state", "gte"], { RUNNER_DEBUG: "1" })).toBe(true);
    expect(await stackOf(["state", "gte", "--", "--debug"])).toBe(false);
  });

  test("is text on stderr and nothing on stdout with -o json as well", async () => {
    using sandbox = createSandbox();
    const { stdout, stderr, exitCode } = await sandbox.run(["state", "get", "nothing", "-o", "json"]);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 3 });
    expect(stderr).toStartWith("Cannot find");
  });
});

describe("stdout", () => {
  test("arrives whole through a pipe before the process ends", async () => {
    using sandbox = createSandbox();
    const text = "0123456789abcdef".repeat(500_000);
    expect(await sandbox.run(["state", "set", "big"], { stdin: text })).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    const { stdout, exitCode } = await sandbox.run(["state", "get", "big"]);
    expect(exitCode).toBe(0);
    expect(stdout === `${text}\n`).toBe(true);
  });

  test("may close early: the command ends quietly", async () => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "big"], { stdin: "x".repeat(5_000_000) });
    const shell = Bun.spawn(
      ["/bin/sh", "-c", `{ "${sandbox.binary}" state get big; echo "code $?" >&2; } | head -c 3`],
      {
        env: { HOME: sandbox.home, PATH: process.env.PATH ?? "" },
        cwd: sandbox.work,
        stderr: "pipe",
      },
    );
    expect(await new Response(shell.stdout).text()).toBe("xxx");
    expect(await new Response(shell.stderr).text()).toBe("code 0\n");
  });
});

test.skipIf(process.platform === "win32")(
  "a folder that was removed is named, by every command that needs it",
  async () => {
    using sandbox = createSandbox();
    for (const args of ["state keys", "doctor", "trust -y", "run", "init"]) {
      const script = `mkdir gone && cd gone && rmdir ../gone && exec "$0" ${args}`;
      const shell = Bun.spawn(["/bin/sh", "-c", script, sandbox.binary], {
        cwd: sandbox.work,
        env: { HOME: sandbox.home, PATH: "/usr/bin:/bin" },
        stderr: "pipe",
      });
      const stderr = await new Response(shell.stderr).text();
      expect({ args, stderr, exitCode: await shell.exited }).toEqual({
        args,
        stderr: "Cannot work in this folder: it was removed. Change to one that exists.\n",
        exitCode: 3,
      });
    }
  },
);

test("a path that the system refuses is said to be wrong, not runner", async () => {
  using sandbox = createSandbox();
  const long = "x".repeat(2000);
  await sandbox.run(["state", "set", "k", "1"]);
  for (const args of ["state import", "state import --replace", "state backup", "plugin check"]) {
    const { stderr, exitCode } = await sandbox.run([...args.split(" "), long]);
    expect(`${args}: ${stderr}`).toMatch(/^[a-z -]+: Cannot [a-z]+ "[^"]*x{2000}[^"]*": .*name too long/);
    expect({ args, exitCode }).toEqual({ args, exitCode: 6 });
  }
});

describe.if(existsSync("/dev/full"))("a full disk behind stdout", () => {
  // More than a pipe takes at once is written another way.
  test.each([
    ["a small value", 10],
    ["a large value", 300_000],
  ])("is an error for %s", async (_, length) => {
    using sandbox = createSandbox();
    await sandbox.run(["state", "set", "k", "-"], { stdin: "x".repeat(length) });
    const shell = Bun.spawn(["/bin/sh", "-c", '"$0" state get k > /dev/full', sandbox.binary], {
      cwd: sandbox.work,
      env: { HOME: sandbox.home },
      stderr: "pipe",
    });
    const stderr = await new Response(shell.stderr).text();
    expect(stderr).toBe("Cannot print the result: ENOSPC: no space left on device, write.\n");
    expect(await shell.exited).toBe(6);
  });
});
