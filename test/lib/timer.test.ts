import { expect, test } from "bun:test";
import { startTimer } from "../../src/lib/timer.ts";

test("startTimer() calls back once its time is over, in order", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    startTimer(40, () => {
      order.push("later");
      resolve();
    });
    startTimer(1, () => order.push("sooner"));
  });
  expect(order).toEqual(["sooner", "later"]);
});

test.each([2 ** 31, 8_640_000_000, Number.POSITIVE_INFINITY])(
  "startTimer() does not fire at once for %d ms",
  async (ms) => {
    let fired = false;
    const callOff = startTimer(ms, () => {
      fired = true;
    });
    // Whatever is due at once has had its turn when a timer that was started later comes back.
    await new Promise((resolve) => setTimeout(resolve, 5));
    callOff();
    expect(fired).toBe(false);
  },
);

test.each([0.4, 1.6, 3.3])("startTimer() does not fire before %d ms are over", async (ms) => {
  const start = performance.now();
  await new Promise<void>((resolve) => startTimer(ms, resolve));
  expect(performance.now() - start).toBeGreaterThanOrEqual(ms);
});
