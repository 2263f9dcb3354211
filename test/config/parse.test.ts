import { describe, expect, test } from "bun:test";
import { parseConfig } from "../../src/config/parse.ts";

const parse = (text: string, ending: string) => parseConfig(Buffer.from(text), ending);

/** Aliases of aliases: a few lines that mean more than any memory holds. */
const bomb = (levels: number) =>
  Array.from({ length: levels }, (_, i) =>
    i === 0
      ? "a0: &a0 [x, x, x, x]"
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
  ).join("\n");

describe("parseConfig()", () => {
  test.each([
    [".yaml", "state:\n  backend: a\n  path: b\n  backend: c\n", '"backend" is there twice (line 4)'],
    [".yaml", 'state: { "backend": a, backend: b }', '"backend" is there twice (line 1)'],
    [".yaml", "state:\n  path: a\nrun:\n  jobs: 1\nstate:\n  path: b\n", '"state" is there twice (line 5)'],
    [".json", '{"run":{"jobs":1,\n"jobs":2}}', '"jobs" is there twice (line 2)'],
    [".toml", "[run]\njobs = 1\njobs = 2\n", "Cannot redefine key 'jobs' (line 3)"],
    [".yaml", "a:\n  b: [1\nc: 2", "YAML Parse error: Unexpected token (line "],
    [
      ".json",
      '{"a":1,\n "b" 2}',
      "JSON Parse error: Expected ':' before value in object property definition (line 2)",
    ],
    [".toml", "a = 1\nb == 2", "TOML Parse error: Expected a value but found '=' (line 2)"],
    [".toml", "a = 2020-01-01", "it has 2020-01-01, which is no value of a setting. Write it in quotes"],
    [".yaml", bomb(12), "YAML Parse error: Excessive aliasing"],
    [".yaml", bomb(7), "its aliases make it too large"],
    [
      ".yaml",
      `a: &a ${"x".repeat(900_000)}\nb: [${Array(5).fill("*a").join(", ")}]`,
      "its aliases make it too large",
    ],
    [".yaml", "a: &a [*a]", "it is nested too deeply"],
    [".yaml", "[".repeat(100_000), "it is nested too deeply"],
    [".json", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, "it is nested too deeply"],
    [".toml", `a = ${"[".repeat(100_000)}${"]".repeat(100_000)}`, "it is nested too deeply"],
    [".yaml", `# ${"x".repeat(2 ** 20)}`, "it has more than 1,048,576 bytes"],
  ])("of %s refuses %#", (ending, text, message) => {
    expect(() => parse(text, ending)).toThrow(message);
  });

  test("refuses what is not UTF-8", () => {
    expect(() => parseConfig(Uint8Array.of(0x61, 0x3a, 0x20, 0xff), ".yaml")).toThrow("it is not UTF-8");
  });

  test.each([
    [".yaml", "", {}],
    [".json", " \n", {}],
    [".toml", "", {}],
    [".yaml", "\ufeffa: 1", { a: 1 }],
    [".json", '\ufeff{"a":1}', { a: 1 }],
    [
      ".yaml",
      "a: &a { x: 1 }\nb:\n  <<: *a\n  y: 2\nc: *a\n",
      { a: { x: 1 }, b: { x: 1, y: 2 }, c: { x: 1 } },
    ],
    [".yaml", "history: { keep: 1 }\nbackups: { keep: 2 }", { history: { keep: 1 }, backups: { keep: 2 } }],
    [".yaml", "# keep: 1\nkeep: 2 # keep: 3\nurl: http://a: b\n", "YAML Parse error"],
    [
      ".yaml",
      'keep: "keep: 1"\ntext: |\n  keep: 2\n  keep: 3\n',
      { keep: "keep: 1", text: "keep: 2\nkeep: 3\n" },
    ],
  ])("of %s takes %j", (ending, text, content) => {
    if (typeof content === "string") expect(() => parse(text, ending)).toThrow(content);
    else expect(parse(text, ending)).toEqual(content);
  });
});
