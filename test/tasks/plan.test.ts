import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { planOrder } from "../../src/tasks/plan.ts";
import type { Task } from "../../src/tasks/task.ts";

/** Tasks by name from `{ name: dependencies }`, declared in this order. */
function tasksOf(graph: Record<string, readonly string[]>): Map<string, Task> {
  const declaredAt = { source: "test.lua", line: 1 };
  const rest = { nextIfFail: [], withoutThis: false, options: {}, declaredAt };
  return new Map(
    Object.entries(graph).map(([name, dependsOn]) => [name, { name, shortName: name, dependsOn, ...rest }]),
  );
}

function namesOf(graph: Record<string, readonly string[]>, wanted: readonly string[] = []): string[] {
  const plan = planOrder(tasksOf(graph), wanted);
  if ("cycle" in plan) throw new Error(`cycle: ${plan.cycle.join(" ")}`);
  return plan.order.map(({ name }) => name);
}

describe("planOrder()", () => {
  test("keeps the order of declaration where nothing speaks against it", () => {
    expect(namesOf({ b: [], a: [], c: [] })).toEqual(["b", "a", "c"]);
  });

  test("puts dependencies first", () => {
    expect(namesOf({ ship: ["build"], build: ["fetch"], fetch: [] })).toEqual(["fetch", "build", "ship"]);
  });

  test("takes named tasks with what they need, and nothing else", () => {
    expect(namesOf({ a: [], b: ["a"], c: ["b"], d: [] }, ["b"])).toEqual(["a", "b"]);
  });

  test("follows the declaration, not the command line", () => {
    expect(namesOf({ a: [], b: [] }, ["b", "a"])).toEqual(["a", "b"]);
  });

  test("spells a cycle out", () => {
    expect(planOrder(tasksOf({ x: ["a"], a: ["b"], b: ["c"], c: ["a"] }), [])).toEqual({
      cycle: ["a", "b", "c", "a"],
    });
    expect(planOrder(tasksOf({ a: ["a"] }), [])).toEqual({ cycle: ["a", "a"] });
  });

  test("plans a chain of 10,000 tasks", () => {
    const chain = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`t${i}`, i < 9999 ? [`t${i + 1}`] : []]),
    );
    expect(namesOf(chain)[0]).toBe("t9999");
  });

  test("runs every task once and after all that it depends on, in any graph without a cycle", () => {
    const graph = fc
      .integer({ min: 1, max: 20 })
      .chain((size) =>
        fc.tuple(
          ...Array.from({ length: size }, (_, i) =>
            fc.subarray(Array.from({ length: i }, (_, j) => `t${j}`)),
          ),
        ),
      );
    fc.assert(
      fc.property(graph, fc.infiniteStream(fc.nat()), (dependencies, order) => {
        const entries = dependencies.map((names, i) => [`t${i}`, names] as const);
        const shuffled = entries
          .map((entry) => [order.next().value, entry] as const)
          .sort(([a], [b]) => a - b);
        const names = namesOf(Object.fromEntries(shuffled.map(([, entry]) => entry)));
        expect([...names].sort()).toEqual(entries.map(([name]) => name).sort());
        for (const [name, needed] of entries) {
          for (const other of needed) expect(names.indexOf(other)).toBeLessThan(names.indexOf(name));
        }
      }),
    );
  });
});
