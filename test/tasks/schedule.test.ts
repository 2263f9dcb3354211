import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { planOrder } from "../../src/tasks/plan.ts";
import { Schedule } from "../../src/tasks/schedule.ts";
import type { Task, TaskGroup, TaskStatus } from "../../src/tasks/task.ts";

interface Sketch {
  readonly dependsOn?: readonly string[];
  readonly nextIfFail?: readonly string[];
  readonly async?: boolean;
}

function tasksOf(sketches: Readonly<Record<string, Sketch>>): Task[] {
  return Object.entries(sketches).map(([name, { dependsOn = [], nextIfFail = [], async }]) => ({
    name,
    shortName: name,
    dependsOn,
    nextIfFail,
    withoutThis: false,
    options: async ? { async } : {},
    declaredAt: { source: "test.lua", line: 1 },
  }));
}

/** Plays a schedule to its end, each task as `fate` says; what was started and skipped, in order. */
function play(
  order: readonly Task[],
  options: { jobs?: number; keepGoing?: boolean },
  fate: (name: string) => TaskStatus = () => "ok",
  pick: (running: readonly string[]) => number = () => 0,
) {
  const schedule = new Schedule(order, { jobs: options.jobs ?? 1, keepGoing: options.keepGoing ?? false });
  const started: string[] = [];
  const skipped = new Map<string, string>();
  const running: string[] = [];
  let most = 0;
  while (!schedule.finished) {
    const { start, skip } = schedule.take();
    for (const { name } of start) {
      started.push(name);
      running.push(name);
    }
    for (const { task, reason } of skip) skipped.set(task.name, reason);
    most = Math.max(most, running.length);
    if (running.length === 0) {
      if (!schedule.finished) throw new Error("nothing runs, and nothing can start");
      break;
    }
    const [name = ""] = running.splice(pick(running), 1);
    schedule.settle(name, { status: fate(name) });
  }
  return { started, skipped, most };
}

describe("Schedule", () => {
  test("starts one task at a time in the order of the plan", () => {
    expect(play(tasksOf({ a: {}, b: {}, c: {} }), {}).started).toEqual(["a", "b", "c"]);
    expect(play(tasksOf({ a: {}, b: {}, c: {} }), {}).most).toBe(1);
  });

  test("starts as many as there are jobs, and async ones beyond that", () => {
    expect(play(tasksOf({ a: {}, b: {}, c: {} }), { jobs: 2 }).most).toBe(2);
    expect(play(tasksOf({ a: {}, b: { async: true }, c: { async: true } }), {}).most).toBe(3);
  });

  test("starts nothing new after a failure, but what waits for it", () => {
    const order = tasksOf({ a: {}, b: {}, c: { nextIfFail: ["a"] }, d: { dependsOn: ["c"] } });
    const { started, skipped } = play(order, {}, (name) => (name === "a" ? "failed" : "ok"));
    expect(started).toEqual(["a", "c"]);
    expect(Object.fromEntries(skipped)).toEqual({ b: '"a" failed', d: '"a" failed' });
  });

  test("lets a task run whose dependency is skipped by its condition", () => {
    const order = tasksOf({ a: {}, b: { dependsOn: ["a"] } });
    expect(play(order, {}, (name) => (name === "a" ? "skipped" : "ok")).started).toEqual(["a", "b"]);
  });

  test("stop() skips everything that has not started, what waits for a failure too", () => {
    const schedule = new Schedule(tasksOf({ a: {}, b: {}, c: { nextIfFail: ["a"] } }), {
      jobs: 1,
      keepGoing: true,
    });
    expect(schedule.take().start.map(({ name }) => name)).toEqual(["a"]);
    schedule.stop("the end");
    schedule.settle("a", { status: "failed" });
    expect(schedule.take()).toMatchObject({
      start: [],
      skip: [{ reason: "the end" }, { reason: "the end" }],
    });
    expect(schedule.finished).toBe(true);
  });

  test("gives every task once, never before its dependencies, never more than its jobs", () => {
    const sketch = fc.integer({ min: 1, max: 25 }).chain((size) =>
      fc.tuple(
        ...Array.from({ length: size }, (_, i) => {
          const earlier = Array.from({ length: i }, (_, j) => `t${j}`);
          return fc.record({
            dependsOn: fc.subarray(earlier, { maxLength: Math.min(3, i) }),
            nextIfFail: fc.oneof(
              { weight: 4, arbitrary: fc.constant([]) },
              fc.subarray(earlier, { maxLength: Math.min(2, i) }),
            ),
            status: fc.constantFrom<TaskStatus>("ok", "ok", "ok", "skipped", "failed"),
          });
        }),
      ),
    );
    fc.assert(
      fc.property(
        sketch,
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        fc.infiniteStream(fc.nat()),
        (sketches, jobs, keepGoing, numbers) => {
          const all = tasksOf(Object.fromEntries(sketches.map((task, i) => [`t${i}`, task])));
          const plan = planOrder(new Map(all.map((task) => [task.name, task])), []);
          if ("cycle" in plan) throw new Error("no cycle was drawn");
          const status = (name: string) => sketches[Number(name.slice(1))]?.status ?? "ok";
          const pick = (running: readonly string[]) => numbers.next().value % running.length;
          const { started, skipped, most } = play(plan.order, { jobs, keepGoing }, status, pick);
          expect([...started, ...skipped.keys()].sort()).toEqual(all.map(({ name }) => name).sort());
          expect(most).toBeLessThanOrEqual(jobs);
          for (const { name, dependsOn, nextIfFail } of all) {
            if (!started.includes(name)) continue;
            for (const needed of dependsOn) {
              if (nextIfFail.includes(needed)) continue;
              // It ran and did not fail, or its own condition kept it from running.
              const fine = started.includes(needed)
                ? status(needed) !== "failed"
                : !skipped.get(needed)?.includes('failed"');
              expect(fine).toBe(true);
              if (started.includes(needed))
                expect(started.indexOf(needed)).toBeLessThan(started.indexOf(name));
            }
            if (nextIfFail.length > 0)
              expect(
                nextIfFail.some((watched) => started.includes(watched) && status(watched) === "failed"),
              ).toBe(true);
          }
          if (keepGoing) {
            // Whatever no failure leads to has run.
            for (const { name, dependsOn, nextIfFail } of all) {
              if (dependsOn.length + nextIfFail.length === 0) expect(started).toContain(name);
            }
          }
        },
      ),
    );
  });

  test("runs no more of a group at a time than it says, and gets to its end", () => {
    const group = (name: string, jobs?: number): TaskGroup => ({
      name,
      exclusive: false,
      declaredAt: { source: "test.lua", line: 1 },
      ...(jobs !== undefined && { jobs }),
    });
    const groups = [undefined, group("free"), group("one", 1), group("two", 2)];
    const sketch = fc.record({
      group: fc.constantFrom(...groups),
      dependsOn: fc.uniqueArray(fc.nat(30), { maxLength: 2 }),
      status: fc.constantFrom<TaskStatus>("ok", "ok", "ok", "failed"),
    });
    const options = fc.record({
      jobs: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      keepGoing: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(sketch, { minLength: 1, maxLength: 30 }),
        options,
        fc.infiniteStream(fc.nat()),
        (sketches, { jobs, keepGoing }, numbers) => {
          const plain = tasksOf(
            Object.fromEntries(
              sketches.map(({ dependsOn }, i) => {
                return [`t${i}`, { dependsOn: dependsOn.filter((j) => j < i).map((j) => `t${j}`) }];
              }),
            ),
          );
          const order = plain.map((task, i) => {
            const of = sketches[i]?.group;
            return of === undefined ? task : { ...task, group: of };
          });
          const schedule = new Schedule(order, { jobs, keepGoing });
          const running: Task[] = [];
          while (!schedule.finished) {
            running.push(...schedule.take().start);
            if (running.length === 0) break;
            const count = (of: TaskGroup | undefined) => running.filter((task) => task.group === of).length;
            for (const of of groups) expect(count(of)).toBeLessThanOrEqual(of?.jobs ?? jobs ?? 1);
            if (jobs !== undefined) expect(running.length).toBeLessThanOrEqual(jobs);
            else expect(new Set(running.map((task) => task.group)).size).toBe(1);
            const [ended] = running.splice((numbers.next().value ?? 0) % running.length, 1);
            const place = Number(ended?.name.slice(1));
            schedule.settle(ended?.name ?? "", { status: sketches[place]?.status ?? "ok" });
          }
          expect(schedule.finished).toBe(true);
        },
      ),
    );
  });

  test("stopGroup() skips what has not started of a group, and what depends on it", () => {
    const group = { name: "g", exclusive: false, declaredAt: { source: "test.lua", line: 1 }, jobs: 1 };
    const [a, b, ...others] = tasksOf({ a: {}, b: {}, c: { dependsOn: ["b"] }, d: {} });
    const of = [a, b].flatMap((task) => (task === undefined ? [] : { ...task, group }));
    const schedule = new Schedule([...of, ...others], { jobs: 1, keepGoing: true });
    expect(schedule.take().start.map(({ name }) => name)).toEqual(["a"]);
    schedule.stopGroup(group, "it is over");
    schedule.settle("a", { status: "failed" });
    const { start, skip } = schedule.take();
    expect(start.map(({ name }) => name)).toEqual(["d"]);
    expect(skip).toMatchObject([
      { task: { name: "b" }, reason: "it is over" },
      { task: { name: "c" }, reason: "it is over" },
    ]);
  });

  test("schedules 100,000 tasks that all wait for one", () => {
    const sketches: Record<string, Sketch> = { first: {} };
    for (let i = 0; i < 100_000; i++) sketches[`t${i}`] = { dependsOn: ["first"] };
    expect(play(tasksOf(sketches), {}).started.length).toBe(100_001);
  });
});
