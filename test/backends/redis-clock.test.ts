import { expect, test } from "bun:test";
import { ServerClock } from "../../plugins/redis/clock.ts";

const HOUR = 3_600_000;

test("now() follows the server's clock, as closely as its answers tell", () => {
  const clock = new ServerClock();
  expect(clock.synced).toBe(false);
  const asked = Date.now();
  clock.learn(asked + HOUR, asked);
  const slack = Date.now() - asked + 2;
  expect(clock.synced).toBe(true);
  expect(Math.abs(clock.now() - Date.now() - HOUR)).toBeLessThanOrEqual(slack);
});

test("now() does not move for an answer that it agrees with, however long that took", () => {
  const clock = new ServerClock();
  const now = Date.now();
  clock.learn(now + HOUR, now);
  const before = clock.now() - Date.now();
  // Within ten seconds the server may have read its clock at any moment.
  clock.learn(now + HOUR - 5000, now - 10_000);
  expect(Math.abs(clock.now() - Date.now() - before)).toBeLessThanOrEqual(1);
});
