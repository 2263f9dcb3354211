import { describe, expect, test } from "bun:test";
import { createSandbox, type Sandbox } from "../helpers/binary.ts";

/** Runs a command that must succeed; gives its stdout. */
async function ok(sandbox: Sandbox, args: string[], stdin?: string | Uint8Array): Promise<string> {
  const { stdout, stderr, exitCode } = await sandbox.run(args, stdin === undefined ? {} : { stdin });
  expect({ args, stderr, exitCode }).toEqual({ args, stderr: "", exitCode: 0 });
  return stdout;
}

/** Runs a command that must fail; gives its exit code and stderr. */
async function fail(sandbox: Sandbox, args: string[], stdin?: string): Promise<[number, string]> {
  const { stdout, stderr, exitCode } = await sandbox.run(args, stdin === undefined ? {} : { stdin });
  expect({ args, stdout }).toEqual({ args, stdout: "" });
  return [exitCode, stderr];
}

describe("runner state set and get", () => {
  test("keep a string as it is given", async () => {
    using sandbox = createSandbox();
    for (const text of ["hello", "", "17", "true", "null", " two  words ", "é日本🎉", "line\nline\n"]) {
      expect(await ok(sandbox, ["state", "set", "k", text])).toBe("");
      expect(await ok(sandbox, ["state", "get", "k"])).toBe(`${text}\n`);
      expect(JSON.parse(await ok(sandbox, ["state", "get", "k", "-o", "json"]))).toBe(text);
    }
  });

  test("take values that look like options", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "k", "-5"]);
    expect(await ok(sandbox, ["state", "get", "k"])).toBe("-5\n");
    await ok(sandbox, ["state", "set", "k", "--", "--dash"]);
    expect(await ok(sandbox, ["state", "get", "k"])).toBe("--dash\n");
    await ok(sandbox, ["state", "set", "--", "--help", "x"]);
    expect(await ok(sandbox, ["state", "get", "--", "--help"])).toBe("x\n");
  });

  test.each([
    ["17", "17\n", "17\n"],
    ["9223372036854775807", "9223372036854775807\n", '{"$int":"9223372036854775807"}\n'],
    ['{"$int":"-9223372036854775808"}', "-9223372036854775808\n", '{"$int":"-9223372036854775808"}\n'],
    ["1.0", "1.0\n", "1.0\n"],
    ["1e300", "1e+300\n", "1e+300\n"],
    ['{"$float":"nan"}', "nan\n", '{"$float":"nan"}\n'],
    ['{"$float":"-inf"}', "-inf\n", '{"$float":"-inf"}\n'],
    ["true", "true\n", "true\n"],
    ['"text"', "text\n", '"text"\n'],
    ["[]", "[]\n", "[]\n"],
    ["{}", "{}\n", "{}\n"],
    ['{"a":[1,{"b":2.5}]}', '{"a":[1,{"b":2.5}]}\n', '{"a":[1,{"b":2.5}]}\n'],
    ['{"ids":[9223372036854775807,1.0]}', '{"ids":[{"$int":"9223372036854775807"},1.0]}\n', undefined],
    ['{"$map":[[10,"x"],["n",{}]]}', '{"$map":[[10,"x"],["n",{}]]}\n', undefined],
    ['{"__proto__":1,"constructor":2}', '{"__proto__":1,"constructor":2}\n', undefined],
  ])("keep %p whole with --json", async (json, bare, document) => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "k", "--json", json]);
    expect(await ok(sandbox, ["state", "get", "k"])).toBe(bare);
    expect(await ok(sandbox, ["state", "get", "k", "-o", "json"])).toBe(document ?? bare);
  });

  test("copy any value by a pipe", async () => {
    using sandbox = createSandbox();
    const bytes = new Uint8Array([97, 0, 255, 10]);
    await ok(sandbox, ["state", "set", "bytes"], bytes);
    const { stdoutBytes } = await sandbox.run(["state", "get", "bytes"]);
    expect([...stdoutBytes]).toEqual([...bytes]);
    expect(await ok(sandbox, ["state", "get", "bytes", "-o", "json"])).toBe('{"$bytes":"YQD/Cg=="}\n');
    for (const text of ["line", "line\n", "\n\n", "a\u0000b"]) {
      await ok(sandbox, ["state", "set", "text", "-"], `${text}\n`);
      expect(await ok(sandbox, ["state", "get", "text"])).toBe(`${text}\n`);
    }
    await ok(sandbox, ["state", "set", "table", "--json"], '{"a":1}\n');
    expect(await ok(sandbox, ["state", "get", "table"])).toBe('{"a":1}\n');
  });

  test("know an absent key and the one that was meant", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "deploy:version", "v1"]);
    expect(await fail(sandbox, ["state", "get", "deploy:verison"])).toEqual([
      3,
      'Cannot find "deploy:verison" in agent "local". Did you mean "deploy:version"?\n',
    ]);
    expect(await ok(sandbox, ["state", "get", "deploy:verison", "--default", "none"])).toBe("none\n");
    expect((await fail(sandbox, ["state", "show", "nothing"]))[0]).toBe(3);
    expect((await fail(sandbox, ["state", "ttl", "nothing"]))[0]).toBe(3);
    expect((await fail(sandbox, ["state", "ttl", "nothing", "5s"]))[0]).toBe(3);
  });

  test.each([
    [["state", "set", "", "v"], 2, "Cannot use"],
    [["state", "set", "k".repeat(1025), "v"], 2, "1025 bytes"],
    [["state", "set", "k", "--json", "{bad"], 2, "Cannot read {bad as JSON"],
    [["state", "set", "k", "--json", "null"], 2, "Cannot store null"],
    [["state", "set", "k", "--json", "[1,null]"], 2, "k[2] is json.null"],
    [["state", "set", "k", "v", "--ttl", "soon"], 2, 'Cannot use "soon" as a time to live'],
    [["state", "set", "k", "v", "--ttl", "0"], 2, "above zero"],
    [["state", "incr", "k", "many"], 2, 'Cannot add "many": it is not a number.'],
    [["state", "incr", "k", "9223372036854775808"], 2, "64 bits"],
    [["state", "keys", "[a"], 2, "Cannot use pattern"],
    [["state", "ttl", "k", "5s", "--remove"], 2, "together"],
    [["state", "get", "k", "--backend", "sqlit"], 5, "sqlite"],
    [["state", "get", "k", "--backend", "sled"], 5, "sqlite"],
    [["state", "get", "k", "--agent", "../evil"], 2, "../evil"],
    [["state", "get", "k", "--backend", "memory", "--db", "x.db"], 2, "no file"],
  ])("refuse %p", async (args, code, message) => {
    using sandbox = createSandbox();
    const [exitCode, stderr] = await fail(sandbox, args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  });
});

describe("runner state incr", () => {
  test("adds whole numbers, fractions and negative ones", async () => {
    using sandbox = createSandbox();
    const results = [];
    for (const delta of [[], ["41"], ["-50"], ["0.5"]])
      results.push(await ok(sandbox, ["state", "incr", "n", ...delta]));
    expect(results).toEqual(["1\n", "42\n", "-8\n", "-7.5\n"]);
  });

  test("refuses what is no number, and an overflow, and leaves both alone", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "s", "text"]);
    await ok(sandbox, ["state", "set", "max", "--json", "9223372036854775807"]);
    expect((await fail(sandbox, ["state", "incr", "s"]))[0]).toBe(2);
    expect((await fail(sandbox, ["state", "incr", "max"]))[0]).toBe(2);
    expect(await ok(sandbox, ["state", "get", "max"])).toBe("9223372036854775807\n");
  });
});

describe("runner state ttl", () => {
  test("shows, changes and removes an expiry", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "k", "v", "--ttl", "1000d"]);
    const left = JSON.parse(await ok(sandbox, ["state", "ttl", "k", "-o", "json"])).ttl;
    expect(left).toBeGreaterThan(999 * 86_400);
    expect(left).toBeLessThanOrEqual(1000 * 86_400);
    expect(await ok(sandbox, ["state", "ttl", "k", "2000d"])).toMatch(/^172,[78]\d\d,\d\d\d s\n$/);
    expect(await ok(sandbox, ["state", "ttl", "k", "--remove"])).toBe("does not expire\n");
    expect(await ok(sandbox, ["state", "ttl", "k", "-o", "json"])).toBe('{"key":"k","ttl":null}\n');
  });

  test("is what set without --ttl removes", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "k", "v", "--ttl", "1h"]);
    await ok(sandbox, ["state", "set", "k", "w"]);
    expect(await ok(sandbox, ["state", "ttl", "k"])).toBe("does not expire\n");
  });
});

describe("runner state delete and clear", () => {
  test("refuse without --yes where nobody can be asked, and remove nothing", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "a", "1"]);
    await ok(sandbox, ["state", "set", "b", "2"]);
    for (const args of [["delete", "a"], ["delete", "a", "b"], ["clear"], ["clear", "a*"]]) {
      const [exitCode, stderr] = await fail(sandbox, ["state", ...args]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("--yes");
    }
    expect(await ok(sandbox, ["state", "keys"])).toBe("a\nb\n");
  });

  test("say what was removed and what was not there", async () => {
    using sandbox = createSandbox();
    await ok(sandbox, ["state", "set", "a", "1"]);
    expect(await ok(sandbox, ["state", "delete", "a", "b", "-y"])).toBe('Removed "a".\n"b" was not there.\n');
    expect(await ok(sandbox, ["state", "delete", "b"])).toBe('"b" was not there.\n');
    expect(await ok(sandbox, ["state", "delete", "b", "-o", "json"])).toBe('{"deleted":[],"absent":["b"]}\n');
  });

  test("clear takes a pattern, in which _ and % are ordinary", async () => {
    using sandbox = createSandbox();
    for (const key of ["a_1", "ab1", "a%1", "b"]) await ok(sandbox, ["state", "set", key, "1"]);
    expect(await ok(sandbox, ["state", "clear", "a_*", "-y", "--no-backup"])).toBe("Removed 1 key.\n");
    expect(await ok(sandbox, ["state", "clear", "a%*", "-y", "--no-backup", "-o", "json"])).toBe(
      '{"removed":1,"backup":null}\n',
    );
    expect(await ok(sandbox, ["state", "keys"])).toBe("ab1\nb\n");
    expect(await ok(sandbox, ["state", "clear", "--yes", "--no-backup"])).toBe("Removed 2 keys.\n");
    expect(await ok(sandbox, ["state", "keys", "-o", "json"])).toBe("[]\n");
  });
});

test("runner state keeps agents and databases apart", async () => {
  using sandbox = createSandbox();
  await ok(sandbox, ["state", "set", "k", "local"]);
  await ok(sandbox, ["state", "set", "k", "other", "--agent", "web-1"]);
  await ok(sandbox, ["state", "set", "k", "file", "--db", "own.db"]);
  expect(await ok(sandbox, ["state", "get", "k"])).toBe("local\n");
  expect(await ok(sandbox, ["state", "get", "k", "--agent", "web-1"])).toBe("other\n");
  expect(await ok(sandbox, ["state", "get", "k", "--db", `${sandbox.work}/own.db`])).toBe("file\n");
  expect((await fail(sandbox, ["state", "get", "k", "--backend", "memory"]))[0]).toBe(3);
});
