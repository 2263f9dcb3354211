import { expect, test } from "bun:test";
import { calleeOf } from "../../src/modules/bind.ts";
import { listModules } from "../../src/modules/reference/all.ts";
import { readSources } from "./sources.ts";

/** The titles of all tests in Lua. */
const titles = (await readSources("*.lua", "test/lua/scripts")).flatMap(({ text }) =>
  [...text.matchAll(/^test\("(.*)", function\(.*\)$/gm)].map((match) => match[1] ?? ""),
);

test("every function that scripts see is the subject of a test in Lua", () => {
  // The tests of `state` go through both stores.
  const modules = listModules().filter(({ name }) => name !== "State");
  const functions = modules.flatMap((module) =>
    Object.keys(module.functions).map((name) => `${calleeOf(module, name)}()`),
  );
  const named = new Set(titles.flatMap((title) => title.match(/[\w.]+\(\)/g) ?? []));
  expect(functions.filter((name) => !named.has(name))).toEqual([]);
});
