import { describe, expect, test } from "bun:test";
import { parseArguments } from "../../src/cli/parse.ts";
import { RunnerError } from "../../src/lib/errors.ts";

const DEFS = {
  key: { type: "positional", description: "" },
  values: { type: "positional", description: "", required: false, rest: true },
  ttl: { type: "string", valueHint: "D", description: "", alias: "t" },
  set: { type: "string", valueHint: "K=V", description: "", multiple: true },
  output: { type: "enum", options: ["text", "json"], description: "", alias: "o" },
  yes: { type: "boolean", description: "", alias: "y" },
  quiet: { type: "boolean", description: "", alias: "q" },
} as const;

const parse = (...argv: string[]) => parseArguments(argv, DEFS, "runner x");

function refusal(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof RunnerError && error.code === "usage") return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("parseArguments()", () => {
  test("takes options before, between and after the words", () => {
    const expected: ReturnType<typeof parse> = {
      key: "k",
      values: ["v"],
      ttl: "5s",
      set: [],
      output: "json",
      yes: true,
      quiet: false,
    };
    expect(parse("--ttl", "5s", "k", "-y", "v", "-o", "json")).toEqual(expected);
    expect(parse("k", "v", "--ttl=5s", "-ojson", "--yes")).toEqual(expected);
    expect(parse("k", "v", "-t=5s", "-yojson")).toEqual(expected);
  });

  test("gives a repeated option as an array", () => {
    expect(parse("k", "--set", "a=1", "--set=b=2=3").set).toEqual(["a=1", "b=2=3"]);
  });

  test("takes negative numbers and a lone dash for values", () => {
    expect(parse("k", "-5", "-0.5", "-.5", "-inf", "-").values).toEqual(["-5", "-0.5", "-.5", "-inf", "-"]);
  });

  test("takes everything after -- for values", () => {
    expect(parse("k", "--", "--ttl", "-y", "--").values).toEqual(["--ttl", "-y", "--"]);
  });

  test("takes whatever follows an option that needs a value", () => {
    expect(parse("k", "--ttl", "-5").ttl).toBe("-5");
    expect(parse("k", "--ttl", "").ttl).toBe("");
  });

  test("names the option that was meant", () => {
    expect(refusal("k", "--tll", "5s")).toBe(
      'Cannot use "--tll": "runner x" has no such option. Did you mean "--ttl"?',
    );
    expect(refusal("k", "--frobnicate")).toContain("See: runner x --help");
    expect(refusal("k", "-z")).toContain('Cannot use "-z"');
    expect(refusal("k", "--constructor")).toContain('Cannot use "--constructor"');
    expect(refusal("k", "--key=a")).toContain('Cannot use "--key"');
  });

  test("refuses a value that is missing, of no use, or none of the known ones", () => {
    expect(refusal("k", "--ttl")).toBe('Cannot use "--ttl": its value is missing.');
    expect(refusal("k", "--yes=no")).toBe('Cannot use "--yes=no": --yes takes no value.');
    expect(refusal("k", "-o", "jsn")).toBe(
      'Cannot use "-o jsn": it takes text or json. Did you mean "json"?',
    );
  });

  test("refuses missing and superfluous words", () => {
    expect(refusal()).toBe('Cannot run "runner x": KEY is missing. See: runner x --help');
    const { values: _, ...single } = DEFS;
    expect(() => parseArguments(["a", "b"], single, "runner x")).toThrow('it has no use for "b"');
  });
});
