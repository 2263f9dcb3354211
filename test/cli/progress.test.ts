import { expect, test } from "bun:test";
import { renderBar } from "../../src/cli/bar.ts";
import { renderProgress } from "../../src/cli/progress.ts";
import { formatCount } from "../../src/lib/text.ts";

test("renderBar() is as long as its part, and shows even the least one", () => {
  expect([renderBar(12, 12, 12), renderBar(6, 12, 12), renderBar(1, 1000, 12), renderBar(0, 12, 12)]).toEqual(
    ["████████████", "██████", "▏", ""],
  );
});

test("renderProgress() says how much is done, and what part of it where that is known", () => {
  const render = (what: string, done: number, total: number | undefined) =>
    renderProgress({ what, done, total, show: formatCount });
  expect(render("export", 612_000, 1_000_000)).toBe(
    `export ${"█".repeat(15)}${"░".repeat(9)}  61 %  612,000`,
  );
  expect(render("export", 2, 1)).toContain("100 %");
  expect(render("verify", 1200, undefined)).toBe("verify  1,200");
});
