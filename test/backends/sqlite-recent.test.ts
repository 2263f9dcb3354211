import { expect, test } from "bun:test";
import fc from "fast-check";
import { storable } from "../../src/contract/arbitrary.ts";
import { Constant } from "../../src/lib/value.ts";
import type { Store } from "../../src/state/store.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

async function readValue(store: Store, key: string): Promise<unknown> {
  const got = await store.getConstant(key);
  return got instanceof Constant ? got.value : got;
}

test("getConstant() gives what is stored under changing keys and values, whoever changes them", async () => {
  const value = fc.oneof(storable, fc.constantFrom("x".repeat(5000), [], {}, { a: [{}] }, [1, 2]));
  const step = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    value: fc.option(value),
    other: fc.boolean(),
    reads: fc.integer({ min: 1, max: 4 }),
  });
  await using files = new SqliteFolder();
  const [one, other] = [files.openStore(), files.openStore()];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      for (const { key, value, other: isOther, reads } of steps) {
        const writer = isOther ? other : one;
        if (value === null) await writer.delete(key);
        else await writer.set(key, value);
        const stored = await other.get(key);
        for (let i = 0; i < reads; i++) expect(await readValue(one, key)).toEqual(stored);
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("getConstant() gives what the last commit left, of whichever connection and kind it was, after any number of reads", async () => {
  const key = fc.constantFrom("a", "b", "c", "d");
  const step = fc.record({
    key,
    also: key,
    other: fc.boolean(),
    kind: fc.constantFrom(
      "set",
      "set_many",
      "delete",
      "clear",
      "increment",
      "transaction",
      "refused",
      "nothing",
    ),
    reads: fc.array(key, { maxLength: 8 }),
  });
  await using files = new SqliteFolder();
  const [one, other] = [files.openStore(), files.openStore()];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      await one.clear();
      const model = new Map<string, number>();
      for (const [i, { key, also, other: isOther, kind, reads }] of steps.entries()) {
        const writer = isOther ? other : one;
        switch (kind) {
          case "set":
            await writer.set(key, i);
            model.set(key, i);
            break;
          case "set_many": {
            const values = new Map([key, also].map((each) => [each, i]));
            await writer.setMany(values);
            for (const each of values.keys()) model.set(each, i);
            break;
          }
          case "delete":
            await writer.delete(key);
            model.delete(key);
            break;
          case "clear":
            await writer.clear(`[${key}${also}]`);
            for (const each of [key, also]) model.delete(each);
            break;
          case "increment":
            await writer.increment(key);
            model.set(key, (model.get(key) ?? 0) + 1);
            break;
          case "transaction":
            await writer.transaction(async (tx) => {
              await tx.set(also, Number((await tx.get(key)) ?? 0) + 1);
            });
            model.set(also, (model.get(key) ?? 0) + 1);
            break;
          case "refused":
            // It is a number, or absent and then too much.
            expect(() => writer.increment(key, 2n ** 63n - BigInt(model.get(key) ?? 0))).toThrow();
            break;
        }
        for (const each of reads) expect([each, await readValue(one, each)]).toEqual([each, model.get(each)]);
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);

test("getConstant() gives a table that stays the same as one constant, and another once it has changed", async () => {
  await using files = new SqliteFolder();
  const store = files.openStore();
  await store.set("key", { a: [1] });
  await store.getConstant("key");
  const again = await store.getConstant("key");
  expect(again).toBeInstanceOf(Constant);
  expect(await store.getConstant("key")).toBe(again);
  await store.set("key", { a: [2] });
  expect(await readValue(store, "key")).toEqual({ a: [2] });
});

test("getConstant() gives no entry that has expired since it was read", async () => {
  await using files = new SqliteFolder();
  let now = Date.now();
  const store = files.openStore({ now: () => now });
  await store.set("key", { a: 1 }, 10);
  for (let i = 0; i < 3; i++) expect(await readValue(store, "key")).toEqual({ a: 1 });
  now += 10_000;
  expect(await readValue(store, "key")).toBeUndefined();
});

test.each([
  ["value", `value = '{"a":2}'`],
  ["type", "type = 'list'"],
  ["revision", "revision = revision + 1"],
  ["expiry", "expires_at = 99999999999999"],
  ["checksum", "checksum = checksum + 1"],
])("getConstant() refuses an entry whose %s was damaged after it had been read", async (_, damage) => {
  await using files = new SqliteFolder("damaged");
  const store = files.openStore();
  await store.set("key", { a: 1 });
  for (let i = 0; i < 3; i++) await store.getConstant("key");
  using raw = files.raw();
  raw.run(`UPDATE data SET ${damage} WHERE key = 'key'`);
  for (let i = 0; i < 3; i++) expect(() => store.getConstant("key")).toThrow("not what was written");
  for (let i = 0; i < 3; i++) expect(await store.exists("key")).toBe(true);
});

test("getConstant() gives the values of more keys than are remembered", async () => {
  await using files = new SqliteFolder();
  const store = files.openStore();
  const keys = Array.from({ length: 700 }, (_, i) => `key${i}`);
  await store.setMany(new Map(keys.map((key, i) => [key, { i }])));
  const wrong: string[] = [];
  for (let round = 0; round < 50; round++) {
    for (const [i, key] of keys.entries()) {
      if (JSON.stringify(await readValue(store, key)) !== `{"i":${i}}`) wrong.push(key);
    }
  }
  expect(wrong).toEqual([]);
});
