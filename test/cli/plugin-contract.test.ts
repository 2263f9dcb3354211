import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createSandbox } from "../helpers/binary.ts";

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
