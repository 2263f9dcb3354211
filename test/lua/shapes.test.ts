import { expect, test } from "bun:test";
import fc from "fast-check";
import { storable, text } from "../../src/contract/arbitrary.ts";
import type { LuaValue } from "../../src/modules/module.ts";
import { evaluate, openVm } from "./vm.ts";

/** Gets the same record again and again, so that Lua has made a function for its shape: the first one and the last. */
const GET_OFTEN = `local first = t.give()
local last
for _ = 1, 20 do last = t.give() end
return first, last`;

async function getOften(given: LuaValue): Promise<LuaValue[]> {
  const vm = await openVm({ give: () => given });
  return evaluate(vm, GET_OFTEN);
}

function record(entries: Iterable<readonly [string, LuaValue]>): LuaValue {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

test("a record that Lua is given again and again is the same each time, whatever its keys and values", async () => {
  const key = fc.oneof(text, fc.stringMatching(/^[\w .:/-]{1,12}$/));
  const records = fc.dictionary(key, storable, { maxKeys: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(records, async (entries) => {
      const [first, last] = await getOften(record(Object.entries(entries)));
      expect(last).toEqual(first);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test.each([
  'x"] = error("run"), ["y',
  "]]",
  "\n",
  "\\",
  "a\0b",
  "é",
  "__index",
  "end",
  "_ENV",
  "1",
  "",
  "k".repeat(41),
])("a field called %j is one like any other", async (key) => {
  const given = record([
    ["other", 1],
    [key, "value"],
  ]);
  expect(await getOften(given)).toEqual([given, given]);
});

test("a record without the fields that are nil, is made of the same shape", async () => {
  const vm = await openVm({
    give: (i) =>
      record([
        ["i", i],
        ["odd", Number(i) % 2 === 1 ? true : undefined],
        ["list", []],
      ]),
  });
  const source = `local odd = 0
for i = 1, 40 do
  local r = t.give(i)
  assert(r.i == i and next(r.list) == nil)
  for key in pairs(r) do if key == "odd" then odd = odd + 1 end end
end
return odd`;
  expect(await evaluate(vm, source)).toEqual([20]);
});

test("more shapes than are remembered come out right", async () => {
  const vm = await openVm({
    give: (n, i) =>
      record([[`key${n}`, i], ...Array.from({ length: Number(n) % 5 }, (_, k) => [`f${k}`, k] as const)]),
  });
  const source = `for n = 1, 600 do
  for i = 1, 18 do
    local r, fields = t.give(n, i), 0
    assert(r["key" .. n] == i)
    for _ in pairs(r) do fields = fields + 1 end
    assert(fields == 1 + n % 5)
  end
end
return true`;
  expect(await evaluate(vm, source)).toEqual([true]);
});

test("what Lua has no memory for raises, and the same shape goes on to work", async () => {
  const given = record(Array.from({ length: 20 }, (_, i) => [`field_${i}`, `value ${i}`] as const));
  const vm = await openVm({ give: () => given }, 2 ** 24);
  const source = `local kept = {}
local ok, why = pcall(function() while true do kept[#kept + 1] = t.give() end end)
kept = nil
collectgarbage()
return ok, tostring(why), t.give()`;
  expect(await evaluate(vm, source)).toEqual([false, expect.stringContaining("not enough memory"), given]);
});
