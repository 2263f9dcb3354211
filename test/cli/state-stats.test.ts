import { describe, expect, test } from "bun:test";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

async function ok(sandbox: Sandbox, ...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await sandbox.run(["state", ...words]);
  expect({ words, stderr: exitCode === 0 ? "" : stderr, exitCode }).toEqual({
    words,
    stderr: "",
    exitCode: 0,
  });
  return stdout;
}

async function seed(sandbox: Sandbox): Promise<void> {
  await ok(sandbox, "set", "deploy:version", "v1.3.0");
  await ok(sandbox, "set", "deploy:log", "x".repeat(500));
  await ok(sandbox, "set", "count", "--json", "17", "--ttl", "10d");
  await ok(sandbox, "set", "list", "--json", "[1,2]", "--ttl", "1d");
}

describe("runner state stats", () => {
  test("shows keys by type with bars, and the figures of history and file", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const lines = (await ok(sandbox, "stats")).replace(/\d+\.\d kB/, "SIZE").split("\n");
    expect(lines[0]).toContain("local.db · sqlite · durability full · revision 4");
    expect(lines.slice(2, 7).map((line) => line.replace(/ {2,}/g, "  "))).toEqual([
      "keys  4  string 2 ████████████  list 1 ██████  number 1 ██████",
      "expired  0",
      "locks  0",
      "history  4",
      "file  SIZE",
    ]);
  });

  test("--details names the largest keys, keys by prefix, and what expires first", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const { details } = JSON.parse(await ok(sandbox, "stats", "--details", "-o", "json"));
    expect(details.largest[0]).toEqual({ key: "deploy:log", bytes: 500 });
    expect(details.prefixes).toEqual([
      { prefix: "", keys: 2, bytes: 13 },
      { prefix: "deploy:", keys: 2, bytes: 506 },
    ]);
    expect(details.expiring.map(({ key }: { key: string }) => key)).toEqual(["list", "count"]);
    const text = await ok(sandbox, "stats", "--details");
    for (const part of ["keys by prefix", "largest, of 519 B in all", "expiring soon"])
      expect(text).toContain(part);
  });

  test("-o prometheus gives each figure with its type and labels", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    const lines = (await ok(sandbox, "stats", "-o", "prometheus")).trimEnd().split("\n");
    expect(lines).toContain('runner_state_keys{agent="local",backend="sqlite",type="string"} 2');
    expect(lines).toContain('runner_state_revision{agent="local",backend="sqlite"} 4');
    const sample = /^([a-z_]+)\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\} \d+$/;
    for (const line of lines)
      expect(line).toMatch(line.startsWith("#") ? /^# (HELP|TYPE) runner_state_[a-z_]+ / : sample);
  });
});

describe("runner state list", () => {
  const keysOf = async (sandbox: Sandbox, ...words: string[]) =>
    JSON.parse(await ok(sandbox, "list", "-o", "json", ...words)).map(({ key }: { key: string }) => key);

  test("turns pages by --limit and --after, and says how to go on", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    expect(await keysOf(sandbox, "--limit", "2")).toEqual(["count", "deploy:log"]);
    expect(await keysOf(sandbox, "--limit", "2", "--after", "deploy:log")).toEqual([
      "deploy:version",
      "list",
    ]);
    const { stderr } = await sandbox.run(["state", "list", "--limit", "3"]);
    expect(stderr).toBe('More: --after "deploy:version"\n');
    expect((await sandbox.run(["state", "list", "--limit", "4"])).stderr).toBe("");
  });

  test("takes one type, and sorts by size, change and expiry", async () => {
    using sandbox = createSandbox();
    await seed(sandbox);
    expect(await keysOf(sandbox, "--type", "string")).toEqual(["deploy:log", "deploy:version"]);
    expect(await keysOf(sandbox, "--sort", "size", "--limit", "2")).toEqual(["deploy:log", "count"]);
    expect(await keysOf(sandbox, "--sort", "expires", "--limit", "2")).toEqual(["list", "count"]);
    await ok(sandbox, "set", "deploy:version", "v2");
    expect((await keysOf(sandbox, "--sort", "changed"))[0]).toBe("deploy:version");
  });

  test.each(["--limit 0", "--limit x", "--type text", "--sort changed --after a"])(
    "refuses %p",
    async (line) => {
      using sandbox = createSandbox();
      const { stdout, exitCode } = await sandbox.run(["state", "list", ...line.split(" ")]);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    },
  );
});
