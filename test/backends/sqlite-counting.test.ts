import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Change, Space } from "../../src/backends/backend.ts";
import type { SqliteBackend } from "../../src/backends/sqlite/backend.ts";
import { WRITER } from "../../src/contract/subject.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

const put = (data: number): Change<true> => {
  return () => ({ result: true, writes: [{ put: { type: "number", data }, expires: "never" }] });
};

const fails: Change<never> = () => {
  throw new Error("no");
};

/** Each commits once, or not at all where it gives false. */
const STEPS: Readonly<Record<string, (backend: SqliteBackend, key: string, i: number) => Promise<boolean>>> =
  {
    async data(backend, key, i) {
      return backend.update([{ space: "data", key }], put(i), WRITER);
    },
    async lock(backend, key, i) {
      return backend.update([{ space: "lock" as Space, key }], put(i), WRITER);
    },
    async error(backend, key) {
      await expect((async () => backend.update([{ space: "data", key }], fails, WRITER))()).rejects.toThrow(
        "no",
      );
      return false;
    },
    async clear(backend, key) {
      const range = { space: "data", prefix: key, matches: () => true } as const;
      return (await backend.deleteRange(range, WRITER)) > 0;
    },
    async load(backend, key, i) {
      const value = { type: "number", data: i } as const;
      const items = [{ space: "data", entry: { key, value, createdAt: i, updatedAt: i } }] as const;
      const { written } = await backend.load(() => items, { replace: [], above: 0 }, WRITER);
      return written > 0;
    },
    async compact(backend) {
      await backend.compact();
      return false;
    },
  };

test("each commit of any connection takes the revision after the newest, whoever made that", async () => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.nat(2), fc.constantFrom("a", "b"));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await using files = new SqliteFolder();
      const backends = [files.open(), files.open(), files.open()] as const;
      let revision = 0;
      for (const [i, [name, which, key]] of steps.entries()) {
        const backend = backends[which] ?? backends[0];
        if (await STEPS[name]?.(backend, key, i)) revision++;
        expect(await backends[0].revision()).toBe(revision);
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("an entry that keeps or changes its type, its expiry or its age is what was written last", async () => {
  const value = fc.constantFrom(
    { type: "number", data: 1 } as const,
    { type: "number", data: 2.5 } as const,
    { type: "string", data: "text" } as const,
    { type: "bytes", data: Uint8Array.of(255) } as const,
  );
  const expires = fc.constantFrom("never" as const, "keep" as const, 1_000, 9_000, 9_500);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(value, expires), { minLength: 2, maxLength: 12 }), async (writes) => {
      await using files = new SqliteFolder();
      let now = 0;
      const backend = files.open({ now: () => now });
      let expected: { createdAt: number; expiresAt?: number } | undefined;
      for (const [put, expires] of writes) {
        now += 500;
        if (expected?.expiresAt !== undefined && expected.expiresAt <= now) expected = undefined;
        const wanted = expires === "keep" ? expected?.expiresAt : expires === "never" ? undefined : expires;
        await backend.update(
          [{ space: "data", key: "k" }],
          () => ({ result: true, writes: [{ put, expires }] }),
          WRITER,
        );
        const createdAt: number = expected?.createdAt ?? now;
        expected = { createdAt, ...(wanted !== undefined && { expiresAt: wanted }) };
        const [entry] = await backend.read([{ space: "data", key: "k" }]);
        const live = wanted === undefined || wanted > now;
        expect(entry).toEqual(
          live ? expect.objectContaining({ value: put, updatedAt: now, ...expected }) : undefined,
        );
        expect((await backend.stats()).keysByType).toEqual(live ? { [put.type]: 1 } : {});
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
