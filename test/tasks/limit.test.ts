import { expect, test } from "bun:test";
import { lookAround } from "../../src/lib/lookout.ts";
import { retryDelay, TimeLimit } from "../../src/tasks/limit.ts";

test("retryDelay() doubles from a second, up to 30 s", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7].map((attempt) => retryDelay(attempt, {}, 1));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("retryDelay() grows as it is told, and is shortened to half at most", () => {
  expect([1, 2, 3].map((attempt) => retryDelay(attempt, { first: 100, backoff: "linear" }, 1))).toEqual([
    100, 200, 300,
  ]);
  expect([1, 2, 3].map((attempt) => retryDelay(attempt, { first: 100, backoff: "constant" }, 1))).toEqual([
    100, 100, 100,
  ]);
  expect(retryDelay(3, { first: 100, backoff: 3 }, 1)).toBe(900);
  expect(retryDelay(1, { first: 100 }, 0)).toBe(50);
});

test("TimeLimit ends what is inside of it, with its own words", async () => {
  using outer = new TimeLimit("the run took longer than", 10);
  using inner = new TimeLimit("the task took longer than", 60_000, { parent: outer });
  const { promise, resolve } = Promise.withResolvers<void>();
  inner.signal.addEventListener("abort", () => resolve());
  await promise;
  expect(inner.signal.reason).toMatchObject({ code: "timeout", message: "the run took longer than 0.01 s" });
});

test("TimeLimit finds out without any event while a script computes", () => {
  using limit = new TimeLimit("it took longer than", 5);
  while (!limit.signal.aborted) lookAround();
  expect(limit.signal.reason).toMatchObject({ code: "timeout" });
});
