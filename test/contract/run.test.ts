import { describe, expect, test } from "bun:test";
import { MemoryBackend } from "../../src/backends/memory.ts";
import { DEFAULT_RETENTION } from "../../src/backends/retention.ts";
import { expect as judge } from "../../src/contract/harness.ts";
import { type CaseResult, runBackendContract } from "../../src/contract/run.ts";
import type { Subject } from "../../src/contract/subject.ts";

/** The backend in memory, with some of it broken. */
function subject(harm: (backend: MemoryBackend) => void = () => {}): Subject {
  return {
    name: "memory",
    open: async (now) => {
      const backend = new MemoryBackend({ now, retention: DEFAULT_RETENTION });
      harm(backend);
      return { backend, dispose: async () => backend.close() };
    },
  };
}

describe("runBackendContract()", () => {
  test("finds nothing wrong with a backend that keeps the contract, and tells of each case", async () => {
    const seen: CaseResult[] = [];
    const report = await runBackendContract(subject(), { onResult: (result) => seen.push(result) });
    expect(report.failed).toEqual([]);
    expect(report.passed).toBeGreaterThan(100);
    expect(seen).toHaveLength(report.passed);
    expect(new Set(seen.map(({ topic, title }) => topic + title)).size).toBe(report.passed);
  });

  test("names what a broken backend does not keep, and why", async () => {
    const forgetful = subject((backend) => {
      backend.compacted = () => {
        throw new TypeError("not built yet");
      };
    });
    const { failed, passed } = await runBackendContract(forgetful);
    expect(passed).toBeGreaterThan(100);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.map(({ reason }) => reason)).toContain("not built yet");
    expect(failed[0]).toMatchObject({ topic: "memory: the past", passed: false });
  });

  test("goes on after a case that hangs, or that cannot open the backend", async () => {
    const hanging: Subject = { name: "hanging", open: () => new Promise(() => {}) };
    const stuck = await runBackendContract(hanging, { hungAfter: 1 });
    expect(stuck.passed).toBe(0);
    expect(stuck.failed.map(({ reason }) => reason)).toContain("It did not end in 0.001 s.");
    const closed: Subject = { name: "closed", open: () => Promise.reject(new Error("no server")) };
    const { passed, failed } = await runBackendContract(closed);
    expect(passed).toBe(0);
    expect(failed.filter(({ reason }) => !reason?.startsWith("no server"))).toEqual([]);
  });
});

describe("the expect() of the contract", () => {
  test.each([
    ["toBe", () => judge(Number.NaN).toBe(Number.NaN), () => judge(0).toBe(-0)],
    ["toEqual", () => judge({ a: [1] }).toEqual({ a: [1] }), () => judge({ a: [1] }).toEqual({ a: [2] })],
    [
      "toMatchObject",
      () => judge([{ a: 1, b: 2 }]).toMatchObject([{ a: 1 }]),
      () => judge([]).toMatchObject([{}]),
    ],
    [
      "toMatchObject",
      () => judge({ a: { b: 1 } }).toMatchObject({ a: {} }),
      () => judge("a").toMatchObject({ a: 1 }),
    ],
    ["toBeUndefined", () => judge(undefined).toBeUndefined(), () => judge(null).toBeUndefined()],
    ["toBeDefined", () => judge(null).toBeDefined(), () => judge(undefined).toBeDefined()],
    ["toBeGreaterThan", () => judge(2).toBeGreaterThan(1), () => judge(1).toBeGreaterThan(1)],
    ["toBeLessThan", () => judge(1).toBeLessThan(2), () => judge(undefined).toBeLessThan(1)],
    ["toHaveLength", () => judge([1]).toHaveLength(1), () => judge(1).toHaveLength(1)],
    ["toContain", () => judge("abc").toContain("b"), () => judge(["abc"]).toContain("b")],
    ["not.toBe", () => judge(1).not.toBe(2), () => judge(1).not.toBe(1)],
    ["not.toEqual", () => judge([1]).not.toEqual([2]), () => judge([1]).not.toEqual([1])],
  ])("%s holds or raises", (_, holds, fails) => {
    holds();
    expect(fails).toThrow("Expected ");
  });

  test("rejects looks at what a promise was rejected with", async () => {
    const raised = new Error("line 2 is bad");
    await judge(Promise.reject(raised)).rejects.toBe(raised);
    await judge(Promise.reject(raised)).rejects.toThrow("line 2");
    await expect(judge(Promise.reject(raised)).rejects.toThrow("line 3")).rejects.toThrow('with "line 3"');
    await expect(judge(Promise.resolve(1)).rejects.toBe(1)).rejects.toThrow("Expected an error, got 1.");
  });
});
