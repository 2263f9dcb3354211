import { expect, test } from "bun:test";
import type { LuaValue } from "../../src/modules/module.ts";
import { interpretResults, type Outcome } from "../../src/tasks/outcome.ts";

const cases: [returned: string, results: LuaValue[], outcome: Outcome][] = [
  ["nothing", [], { ok: true }],
  ["nil", [undefined], { ok: true }],
  ["true", [true], { ok: true }],
  ["true, message", [true, "done"], { ok: true, message: "done" }],
  ["true, message, outputs", [true, "done", { a: 1 }], { ok: true, message: "done", outputs: { a: 1 } }],
  ["true, nil, outputs", [true, undefined, { a: 1 }], { ok: true, outputs: { a: 1 } }],
  ["a table", [{ a: 1 }], { ok: true, outputs: { a: 1 } }],
  ["a list", [[1, 2]], { ok: true, outputs: [1, 2] }],
  ["false", [false], { ok: false, message: "it returned false" }],
  ["false, message", [false, "no disk"], { ok: false, message: "no disk" }],
  ["nil, message", [undefined, "no disk"], { ok: false, message: "no disk" }],
];
test.each(cases)("interpretResults() of %s", (_, results, outcome) => {
  expect(interpretResults(results)).toEqual(outcome);
});

test("interpretResults() of more than a task returns is a failure that says what came back", () => {
  const told = (results: LuaValue[]) => interpretResults(results).message?.split(";")[0];
  expect(told([true, { a: 1 }])).toBe("it returned true, a table");
  expect(told([true, "done", { a: 1 }, 4])).toBe('it returned true, "done", a table, 4');
  expect(told([{ a: 1 }, "done"])).toBe('it returned a table, "done"');
  expect(interpretResults([true, { a: 1 }]).ok).toBe(false);
});

test("interpretResults() of anything else says what came back", () => {
  expect(interpretResults([5])).toMatchObject({
    ok: false,
    message: expect.stringContaining("it returned 5;"),
  });
  expect(interpretResults(["ok"])).toMatchObject({
    ok: false,
    message: expect.stringContaining('it returned "ok";'),
  });
});
