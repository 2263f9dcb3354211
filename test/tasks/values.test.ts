import { expect, test } from "bun:test";
import { parseAssignments } from "../../src/tasks/values.ts";

test("parseAssignments() types what prints as it was written, and leaves the rest text", () => {
  const given = [
    "a=1",
    "b=1.5",
    "c=true",
    "d=false",
    "e=1.10",
    "f=007",
    "g=v1.2",
    "h=",
    "i=a=b",
    "j=1e3",
    "k=-4",
    "l=9223372036854775807",
    "m=-0",
    "n=9223372036854775808",
  ];
  expect(parseAssignments(given)).toEqual(
    Object.assign(Object.create(null), {
      a: 1,
      b: 1.5,
      c: true,
      d: false,
      e: "1.10",
      f: "007",
      g: "v1.2",
      h: "",
      i: "a=b",
      j: "1e3",
      k: -4,
      l: 9223372036854775807n,
      m: "-0",
      n: "9223372036854775808",
    }),
  );
});

test("parseAssignments() makes nested tables of dotted names, later ones winning", () => {
  const values = parseAssignments(["db.host=a", "db.port=1", "db.host=b", "x=1", "x.y=2", "__proto__.z=1"]);
  expect(JSON.parse(JSON.stringify(values))).toEqual(
    JSON.parse('{"db":{"host":"b","port":1},"x":{"y":2},"__proto__":{"z":1}}'),
  );
});

test.each(["novalue", "=1", "a..b=1", ".a=1"])("parseAssignments() refuses %s", (assignment) => {
  expect(() => parseAssignments([assignment])).toThrow(`Cannot use "--set ${assignment}"`);
});
