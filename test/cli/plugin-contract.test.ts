import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { RedisClient } from "bun";
import { createSandbox } from "../helpers/binary.ts";
import { HAS_REDIS, startRedis } from "../helpers/redis.ts";

/** A backend whose author has just begun. */
const HALF = `import { definePlugin } from "runner";

const parts = ["read", "scan", "deleteRange", "changes", "history", "compacted", "wait", "snapshot", "load", "stats", "sweep"];
const missing = () => {
  throw new Error("not built yet");
};

const half = {
  ...Object.fromEntries(parts.map((part) => [part, missing])),
  name: "half",
  now: Date.now,
  revision: () => 0,
  update() {
    void Promise.reject(new Error("left alone"));
    throw new Error("not built yet");
  },
  close() {},
};

export default definePlugin({
  name: "half",
  backends: { half: { description: "Half a backend", open: () => half } },
});
`;

test("runner plugin check --backend names what a backend does not keep, to its end", async () => {
  using sandbox = createSandbox();
  const plugins = join(sandbox.home, ".sloth-runner/plugins");
  mkdirSync(plugins, { recursive: true, mode: 0o700 });
  await Bun.write(join(plugins, "half.ts"), HALF);
  const { stdout, exitCode } = await sandbox.run(["plugin", "check", "--backend", "half", "-o", "json"]);
  expect(exitCode).toBe(5);
  const { passed, failed, cases } = JSON.parse(stdout);
  expect(failed).toBeGreaterThan(100);
  expect(cases).toHaveLength(passed + failed);
  const reasons: string[] = cases.map(({ reason }: { reason?: string }) => reason);
  expect(reasons.filter((reason) => reason?.startsWith("not built yet")).length).toBeGreaterThan(50);
  expect(reasons.filter((reason) => /\(In '|\.\.$/m.test(reason ?? ""))).toEqual([]);
});

test("runner plugin check --backend checks runner's own, too", async () => {
  using sandbox = createSandbox();
  const { stdout, exitCode } = await sandbox.run(["plugin", "check", "--backend", "memory"]);
  expect(stdout).toMatch(/^memory keeps the contract: \d+ cases passed, 0 failed/);
  expect(exitCode).toBe(0);
}, 60_000);

test.skipIf(!HAS_REDIS)(
  "runner plugin check --backend leaves nothing on the server, also when a signal ends it",
  async () => {
    using server = await startRedis();
    using sandbox = createSandbox();
    const client = new RedisClient(server.url);
    const check = ["plugin", "check", "--backend", "redis", "--url", server.url];
    await client.set("own", "1");
    expect(await sandbox.run(check)).toMatchObject({ exitCode: 0 });
    expect(await client.keys("*")).toEqual(["own"]);
    const running = sandbox.spawn(check);
    while ((await client.keys("*")).length < 5) await new Promise((resolve) => setImmediate(resolve));
    running.kill("SIGINT");
    expect((await running.finished).exitCode).toBe(130);
    expect(await client.keys("*")).toEqual(["own"]);
    client.close();
  },
  120_000,
);
