import { describe, expect, test } from "bun:test";
import { alternate, judge, quantile } from "../../scripts/bench/harness.ts";
import { parseReport, toJson, toTable } from "../../scripts/bench/report.ts";

describe("the bench's harness", () => {
  test("quantile() gives the nearest rank", () => {
    const samples = [5, 1, 4, 2, 3];
    expect([0, 0.5, 0.9, 1].map((q) => quantile(samples, q))).toEqual([1, 3, 5, 5]);
  });

  test("judge() compares medians, the way round that the row says", () => {
    const row = { name: "row", unit: "ms", ours: [2, 2, 9], floor: [4, 4, 1] } as const;
    expect(judge({ ...row, ratio: "cost", reach: { atMost: 0.5 } })).toMatchObject({ value: 0.5, met: true });
    expect(judge({ ...row, ratio: "speed", reach: { atLeast: 3 } })).toMatchObject({ value: 2, met: false });
    expect(judge({ ...row, ratio: "cost" }).met).toBeUndefined();
  });

  test("alternate() lets both sides begin in turn and drops the round that warms up", async () => {
    const order: string[] = [];
    const side = (name: string) => () => order.push(name);
    const { ours, floor } = await alternate(2, side("ours"), side("floor"));
    expect(order).toEqual(["ours", "floor", "floor", "ours", "ours", "floor"]);
    expect({ ours, floor }).toEqual({ ours: [4, 5], floor: [3, 6] });
  });

  test("toTable() shows what an earlier toJson() said of the same row", () => {
    const machine = {
      at: "",
      system: "",
      processor: "",
      cores: 2,
      memoryMiB: 1,
      load: 0,
      bun: "",
      runner: "",
    };
    const row = { name: "row", unit: "ms", ratio: "cost", ours: [2], floor: [4] } as const;
    const before = parseReport(toJson([row, { name: "peer", missing: "not installed" }], machine));
    expect([...before]).toEqual([["row", 0.5]]);
    const [head, first] = toTable([{ ...row, ours: [8] }], before).split("\n");
    expect(head).toContain("BEFORE");
    expect(first).toMatch(/2\.00× .* 0\.500 /);
  });
});
