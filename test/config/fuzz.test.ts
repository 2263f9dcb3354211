import { expect, test } from "bun:test";
import fc from "fast-check";
import { DEFAULTS } from "../../src/config/config.ts";
import { layerOfEnvironment, layerOfFile, variableOf } from "../../src/config/layer.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createSandbox } from "../helpers/binary.ts";

const NAMES = Object.keys(DEFAULTS);
const WORDS = [
  "",
  "full",
  "none",
  "30s",
  "64MiB",
  "-1",
  "1e9",
  "sqlite",
  "~/x",
  "\u0000",
  "\u202e",
  "é",
  "x".repeat(99),
];

const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6, unit: "binary" }));
const key = fc.oneof(
  fc.constantFrom(...NAMES.flatMap((name) => name.split(".")), "__proto__", "constructor", "<<", "a b"),
  word,
);
const content = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "medium" },
    word,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** Tables that mostly have the right names, in words of each format, with a few characters gone wrong. */
const file = fc
  .record({
    ending: fc.constantFrom(".yaml", ".toml", ".json"),
    settings: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), key), content), { maxLength: 4 }),
    harm: fc.array(
      fc.record({
        at: fc.nat(200),
        drop: fc.nat(2),
        put: fc.oneof(word, fc.constantFrom(..."{}[]:,#&*-!|>'\"\n\t =")),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ ending, settings, harm }) => {
    let text = render(ending, settings);
    for (const { at, drop, put } of harm) text = text.slice(0, at) + put + text.slice(at + drop);
    return { ending, text };
  });

function render(ending: string, settings: readonly (readonly [string, unknown])[]): string {
  if (ending === ".toml")
    return settings.map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join("\n");
  const nested = settings.map(([name, value]) =>
    name.split(".").reduceRight<unknown>((inner, part) => ({ [part]: inner }), value),
  );
  if (ending === ".json") return JSON.stringify(Object.assign({}, ...nested));
  return nested.map((table) => JSON.stringify(table).slice(1, -1)).join("\n");
}

/** What a user may read: one line, not long, nothing that moves the cursor. */
function checkMessage(error: unknown): void {
  if (!(error instanceof Error)) throw error;
  expect(error.message).not.toMatch(/\p{Cc}|at \S+ \(/u);
  expect(error.message.length).toBeLessThan(600);
}

test("any config file gives settings or an error that names what is wrong", () => {
  let loaded = 0;
  fc.assert(
    fc.property(file, ({ ending, text }) => {
      let parsed: unknown;
      try {
        parsed = parseConfig(Buffer.from(text), ending);
      } catch (error) {
        // The parser's own faults are of other classes.
        expect((error as Error).constructor).toBe(Error);
        checkMessage(error);
        return;
      }
      try {
        layerOfFile(`/p/runner${ending}`, parsed, {});
        loaded++;
      } catch (error) {
        expect(error).toBeInstanceOf(RunnerError);
        expect(error).toMatchObject({ code: "invalid" });
        checkMessage(error);
      }
    }),
    { numRuns: 10_000 },
  );
  expect(loaded).toBeGreaterThan(100);
});

test("any variable gives a setting or an error that names it", () => {
  const variable = fc.oneof(
    fc.constantFrom(...Object.keys(DEFAULTS)).map((name) => variableOf(name as never)),
    word,
  );
  const text = fc.oneof(
    word,
    content.map((value) => JSON.stringify(value)),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(variable, text, (name, value) => {
      try {
        layerOfEnvironment({ [name]: value }, "/p");
      } catch (error) {
        expect(error).toMatchObject({ code: "invalid" });
        checkMessage(error);
      }
    }),
    { numRuns: 2000 },
  );
});

test("the binary never shows a stack and never ends with 70 for any config file", async () => {
  using sandbox = createSandbox();
  const samples = fc.sample(file, 48);
  const runs = samples.map(async ({ ending, text }, index) => {
    sandbox.write(`${index}/runner${ending}`, text);
    const { stdout, stderr, exitCode } = await sandbox.run(["runs", "-o", "json"], {
      cwd: `${sandbox.work}/${index}`,
    });
    expect([0, 5]).toContain(exitCode);
    expect(stderr).not.toMatch(/^\s+at /m);
    const told = JSON.parse(stdout);
    if (exitCode !== 0) expect(told).toMatchObject({ error: { code: "invalid" } });
  });
  await Promise.all(runs);
});
