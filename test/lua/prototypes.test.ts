import { expect, test } from "bun:test";
import fc from "fast-check";
import { storable, text } from "../../src/contract/arbitrary.ts";
import { Constant, type Value } from "../../src/lib/value.ts";
import { evaluate, openVm } from "./vm.ts";

/** Gets the same constant again and again, so that Lua has made a function for it: the first one and the last. */
const GET_OFTEN = `local first = t.give()
local last
for _ = 1, 6 do last = t.give() end
return first, last`;

/** Changes every table that it gets, at every depth. */
const SPOIL = `local function spoil(value)
  if type(value) ~= "table" then return end
  for key, item in pairs(value) do spoil(item) value[key] = false end
  value[1], value.spoilt = "spoilt", true
  setmetatable(value, nil)
end
for _ = 1, 8 do spoil(t.give()) end
return t.give()`;

const key = fc.oneof(text, fc.stringMatching(/^[\w .:/-]{1,12}$/));
const tables = fc.oneof(
  fc.dictionary(key, storable, { maxKeys: 60, size: "max" }),
  fc.array(storable, { maxLength: 60, size: "max" }),
);

test("a constant that Lua is given again and again is the same each time, whatever it holds", async () => {
  await fc.assert(
    fc.asyncProperty(tables, async (table) => {
      const constant = new Constant(table as Value);
      const vm = await openVm({ give: () => constant });
      const [first, last] = await evaluate(vm, GET_OFTEN);
      expect(last).toEqual(first);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("each time, Lua gets a constant as tables of its own", async () => {
  const value = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 10 },
      fc.constantFrom<Value>(1, 1.5, "text", true),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^\w{1,4}$/), tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.stringMatching(/^\w{1,4}$/), value), async (table) => {
      const constant = new Constant(table);
      const vm = await openVm({ give: () => constant });
      const [before] = await evaluate(vm, "return t.give()");
      expect(await evaluate(vm, SPOIL)).toEqual([before]);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("a script that replaces setmetatable gets the lists of a constant as lists", async () => {
  const constant = new Constant({ list: [1, 2], empty: [] });
  const vm = await openVm({ give: () => constant });
  const source = `setmetatable = function() error("mine") end\n${GET_OFTEN}`;
  expect(await evaluate(vm, source)).toEqual([constant.value, constant.value]);
});

test("more constants than are remembered come out right", async () => {
  const constants = Array.from({ length: 600 }, (_, i) => new Constant({ i, [`key${i}`]: [i] }));
  const vm = await openVm({ give: (i) => constants[Number(i)] });
  const source = `for _ = 1, 3 do
  for i = 0, 599 do
    for _ = 1, 5 do
      local r = t.give(i)
      assert(r.i == i and r["key" .. i][1] == i)
    end
  end
end
return collectgarbage("count") < 4096`;
  expect(await evaluate(vm, source)).toEqual([true]);
});

test("what Lua has no memory for raises, and the same constant goes on to work", async () => {
  const fields = Array.from({ length: 20 }, (_, i) => [`field_${i}`, [`value ${i}`]] as [string, Value]);
  const constant = new Constant(Object.fromEntries(fields));
  const vm = await openVm({ give: () => constant }, 2 ** 24);
  const source = `local kept = {}
local ok, why = pcall(function() while true do kept[#kept + 1] = t.give() end end)
kept = nil
collectgarbage()
return ok, tostring(why), t.give()`;
  const [ok, why, given] = await evaluate(vm, source);
  expect([ok, given]).toEqual([false, constant.value]);
  expect(why).toContain("not enough memory");
});

test("short texts that follow each other at the same places in memory are not taken for each other", async () => {
  const vm = await openVm();
  const source = `for i = 1, 20000 do
  local text = ("k"):rep(i % 45) .. i
  assert(t.echo(text) == text)
  if i % 500 == 0 then collectgarbage() end
end
return t.echo("a\\0b", "", "é", "e\\xff", ("x"):rep(40), ("x"):rep(41))`;
  expect(await evaluate(vm, source)).toEqual([
    "a\0b",
    "",
    "é",
    new Uint8Array([101, 255]),
    "x".repeat(40),
    "x".repeat(41),
  ]);
});
