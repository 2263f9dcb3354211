import { expect, test } from "bun:test";
import fc from "fast-check";
import { modernize } from "../../src/tasks/modern.ts";

test("modernize() writes the statement with today's name", () => {
  expect(modernize("Modern DSLs = {}")).toBe("TaskDefinitions = {}");
  expect(modernize("local x = 1 Modern\tDSLs\n= {}")).toBe("local x = 1 TaskDefinitions\n= {}");
});

test.each([
  '"Modern DSLs = {}"',
  "'it\\'s Modern DSLs = {}'",
  "-- Modern DSLs = {}",
  "--[[ Modern DSLs = {} ]]",
  "--[==[ ]] Modern DSLs = {} ]==]",
  "[[Modern DSLs = {}]]",
  "[=[ ]] Modern DSLs = {}]=]",
  "aModern DSLs = {}",
  "Modern DSLsx = {}",
  "Modern DSLs == {}",
])("modernize() leaves %s alone", (source) => {
  expect(modernize(source)).toBe(source);
});

test("modernize() keeps the lines of any source", () => {
  const part = fc.constantFrom("Modern DSLs = {", "\n", '"', "'", "[[", "]]", "--", "--[[", "\\", "x", " ");
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const source = parts.join("");
      expect(modernize(source).split("\n").length).toBe(source.split("\n").length);
      expect(modernize(source).replaceAll("TaskDefinitions", "Modern DSLs")).toBe(source);
    }),
  );
});
