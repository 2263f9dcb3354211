import { describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import { createSandbox } from "../helpers/binary.ts";
import { HAS_REDIS, startRedis } from "../helpers/redis.ts";

const ENTRIES = "{runner:local}:data:entries";

describe.skipIf(!HAS_REDIS)("redis: what is stored was changed by others", () => {
  const harms: [what: string, harm: (raw: string) => string][] = [
    ["a value", (raw) => raw.replace("hello", "jello")],
    ["a value's type", (raw) => raw.replace("string:", "bytes:")],
    ["what stands before it", () => "nonsense"],
  ];
  test.each(harms)("%s: get refuses it with 6, and verify finds it", async (_what, harm) => {
    using server = await startRedis();
    using sandbox = createSandbox({ env: { RUNNER_STATE_BACKEND: "redis", RUNNER_STATE_URL: server.url } });
    await sandbox.run(["state", "set", "k", "hello"]);
    await sandbox.run(["state", "set", "other", "fine"]);
    const client = new RedisClient(server.url);
    const raw = await client.hget(ENTRIES, "k");
    await client.hset(ENTRIES, "k", harm(raw ?? ""));
    client.close();
    for (const args of [
      ["state", "get", "k"],
      ["state", "verify"],
    ]) {
      const { exitCode, stdout, stderr } = await sandbox.run(args);
      expect({ exitCode, bug: `${stdout}${stderr}`.includes("user_script") }).toEqual({
        exitCode: 6,
        bug: false,
      });
    }
  });

  test("a value under another key is not given as that one's", async () => {
    using server = await startRedis();
    using sandbox = createSandbox({ env: { RUNNER_STATE_BACKEND: "redis", RUNNER_STATE_URL: server.url } });
    for (const key of ["a", "b"]) await sandbox.run(["state", "set", key, `value of ${key}`]);
    const client = new RedisClient(server.url);
    await client.hset(ENTRIES, "a", (await client.hget(ENTRIES, "b")) ?? "");
    client.close();
    expect(await sandbox.run(["state", "get", "a"])).toMatchObject({ stdout: "", exitCode: 6 });
    expect(await sandbox.run(["state", "get", "b"])).toMatchObject({ stdout: "value of b\n", exitCode: 0 });
    // What is named can be written anew.
    await sandbox.run(["state", "set", "a", "new"]);
    expect((await sandbox.run(["state", "verify"])).exitCode).toBe(0);
  });
});
