import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MemoryBackend } from "../../src/backends/memory.ts";
import { WRITER } from "../../src/contract/subject.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { DEFAULT_VALUE_BYTES } from "../../src/state/codec.ts";
import { Store } from "../../src/state/store.ts";
import { ExportReader } from "../../src/state/transfer/read.ts";
import { entryOfSloth } from "../../src/state/transfer/sloth.ts";
import { splitLines } from "../../src/state/transfer/split-lines.ts";
import { surveyEntries } from "../../src/state/transfer/survey.ts";
import { writeExport } from "../../src/state/transfer/write.ts";

const NOW = Date.UTC(2026, 0, 1);

async function exported(values: Record<string, unknown>): Promise<Buffer> {
  const backend = new MemoryBackend({ now: () => NOW });
  new Store(backend, { writer: WRITER }).setMany(values);
  const blocks: Uint8Array[] = [];
  await writeExport(backend.snapshot({ space: "data", prefix: "" }), {
    header: { revision: 1 },
    now: NOW,
    matches: () => true,
    write: (block) => void blocks.push(block),
  });
  return Buffer.concat(blocks);
}

function read(chunks: Iterable<Uint8Array>, unchecked = false): string[] {
  const options = { name: "x", now: NOW, maxBytes: DEFAULT_VALUE_BYTES, unchecked };
  return [...new ExportReader(chunks, options).entries()].map(({ key }) => key);
}

describe("ExportReader", () => {
  test("reads the same however its bytes come", async () => {
    const bytes = await exported({ a: "é".repeat(50), b: [1], c: 1.5 });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        expect(read(chunks)).toEqual(["a", "b", "c"]);
      }),
    );
  });

  test("refuses whatever was changed in an export, with code invalid", async () => {
    const bytes = await exported({ a: "text", b: [1, { x: true }], c: 1.5, d: Uint8Array.of(255) });
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, flip, cut) => {
          const harmed = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
          if (!cut) harmed[at] = (harmed[at] ?? 0) ^ flip;
          // The line end at the very end says nothing.
          if (at === bytes.length - 1) return;
          try {
            read([harmed]);
          } catch (error) {
            expect(error instanceof RunnerError && error.code).toBe("invalid");
            return;
          }
          throw new Error(`a change at ${at} was not noticed`);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test("an unchecked one takes or refuses any lines, and raises nothing else", () => {
    const line = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({
          key: fc.oneof(fc.string(), fc.jsonValue()),
          value: fc.jsonValue(),
          type: fc.constantFrom("number", "bytes", "list", "x", 1),
        })
        .map((fields) => JSON.stringify(fields)),
      fc.record({ key: fc.constant("k"), tagged: fc.jsonValue() }).map((fields) => JSON.stringify(fields)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
        try {
          read([new TextEncoder().encode(lines.join("\n"))], true);
        } catch (error) {
          expect(error instanceof RunnerError && error.code).toBe("invalid");
        }
      }),
      { numRuns: 5000 },
    );
  });
});

test("splitLines() gives lines whole, also when its chunks lie in one buffer", () => {
  function* chunks() {
    const buffer = new Uint8Array(4);
    for (const part of ["ab\nc", "d\n\ne", "f"]) {
      const { written } = new TextEncoder().encodeInto(part, buffer);
      yield buffer.subarray(0, written);
    }
  }
  const lines: string[] = [];
  for (const line of splitLines(chunks())) lines.push(new TextDecoder().decode(line));
  expect(lines).toEqual(["ab", "cd", "ef"]);
});

test("entryOfSloth() reads numbers and times in every form that they were written in", () => {
  const entry = (row: object) => entryOfSloth({ key: "k", value: "x", ...row }, NOW, DEFAULT_VALUE_BYTES);
  expect(entry({ value: "42", type: "int" }).value).toEqual({ type: "number", data: 42 });
  expect(entry({ value: "42.0", type: "number" }).value).toEqual({ type: "number", data: 42 });
  expect(entry({ value: "1e400", type: "number" }).value).toEqual({ type: "number", data: "inf" });
  expect(entry({ value: "0", type: "bool" }).value).toEqual({ type: "boolean", data: 0 });
  for (const type of ["number", "bool", "table"]) {
    expect(() => entry({ value: "x", type })).toThrow('Cannot import "k": its value "x" is not');
  }
  for (const updatedAt of [
    1_700_000_000,
    1_700_000_000_000n,
    "2023-11-14 22:13:20",
    "2023-11-14T22:13:20Z",
    "2023-11-15 00:13:20.0 +0200 CEST",
  ]) {
    expect(entry({ updatedAt })).toMatchObject({
      updatedAt: 1_700_000_000_000,
      createdAt: 1_700_000_000_000,
    });
  }
  expect(entry({ updatedAt: "never" }).updatedAt).toBe(NOW);
});

test("surveyEntries() names the largest keys, counts prefixes, and what expires first", async () => {
  const backend = new MemoryBackend({ now: () => NOW });
  const store = new Store(backend, { writer: WRITER });
  for (let i = 0; i < 30; i++) store.set(`a:${i}`, "x".repeat(i + 1), i === 7 ? 5 : undefined);
  store.setMany({ "b/1": "y", plain: 1 }, 60);
  const survey = await surveyEntries(backend, () => undefined);
  expect(survey.largest.map(({ key, figure }) => [key, figure]).slice(0, 2)).toEqual([
    ["a:29", 30],
    ["a:28", 29],
  ]);
  expect(survey.largest.length).toBe(10);
  expect(survey.prefixes.map(({ prefix, keys }) => [prefix, keys])).toEqual([
    ["a:", 30],
    ["b/", 1],
    ["", 1],
  ]);
  expect(survey.expiring[0]).toEqual({ key: "a:7", figure: NOW + 5000 });
  expect(survey.bytes).toBe((30 * 31) / 2 + 1 + 8);
});
