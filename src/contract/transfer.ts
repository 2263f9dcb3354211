import fc from "fast-check";
import type { Backend, Entry, LoadItem, Space } from "../backends/backend.ts";
import { DEFAULT_VALUE_BYTES, encode } from "../state/codec.ts";
import { ExportReader } from "../state/transfer/read.ts";
import { writeExport } from "../state/transfer/write.ts";
import { storable, text } from "./arbitrary.ts";
import { describe, expect, test } from "./harness.ts";
import { type Fixture, failure, open, type Subject, WRITER } from "./subject.ts";

const MERGE = { replace: [], above: 0 };

/** What a snapshot gives, as one list. */
async function entriesOf(backend: Backend, space: Space = "data", prefix = ""): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of backend.snapshot({ space, prefix })) entries.push(...page);
  return entries;
}

function item(
  key: string,
  value: unknown,
  rest: Partial<LoadItem["entry"]> = {},
  space: Space = "data",
): LoadItem {
  return { space, entry: { key, value: encode(value, key), createdAt: 1000, updatedAt: 2000, ...rest } };
}

async function exportOf(t: Fixture): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  const { revision } = await t.backend.stats();
  const write = (block: Uint8Array) => void blocks.push(block);
  await writeExport(t.backend.snapshot({ space: "data", prefix: "" }), {
    header: { revision },
    now: t.clock.time,
    matches: () => true,
    write,
  });
  return Buffer.concat(blocks);
}

async function importInto(t: Fixture, bytes: Uint8Array): Promise<void> {
  const options = { name: "x", now: t.clock.time, maxBytes: DEFAULT_VALUE_BYTES, unchecked: false };
  const reader = new ExportReader([bytes], options);
  function* items() {
    for (const entry of reader.entries()) yield { space: "data" as const, entry };
  }
  await t.backend.load(items, { replace: ["data"], above: reader.header?.revision ?? 0 }, WRITER);
}

const withoutRevision = ({ revision: _, ...rest }: Entry) => rest;

/** How whole stores are read and filled. */
export function transferContract(subject: Subject): void {
  describe(`${subject.name}: snapshot`, () => {
    test("snapshot() gives the live entries of a prefix in byte order, as of its first page", async () => {
      await using t = await open(subject);
      const keys = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, "0")}`);
      await t.store.setMany(new Map(keys.map((key) => [key, key])));
      await t.store.set("other", 1);
      await t.store.set("k0000", "expired", 1);
      t.clock.advance(2);
      const seen: string[] = [];
      for await (const page of t.backend.snapshot({ space: "data", prefix: "k" })) {
        if (seen.length === 0) await t.store.setMany({ k2499: "changed", k9: "new" });
        seen.push(...page.map(({ key, value }) => (value.data === key ? key : `${key} is changed`)));
      }
      expect(seen).toEqual(keys.slice(1));
    });

    test("snapshot() lets go of the store when its reader stops early", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 2 });
      for await (const _page of t.backend.snapshot({ space: "data", prefix: "" })) break;
      await t.store.set("a", 2);
      expect((await entriesOf(t.backend)).map(({ key }) => key)).toEqual(["a", "b"]);
    });
  });

  describe(`${subject.name}: load`, () => {
    test("load() puts entries with their times and expiry in one commit, which history has", async () => {
      await using t = await open(subject);
      await t.store.set("old", 1);
      const later = t.clock.time + 5000;
      const loaded = await t.backend.load(
        () => [item("a", "x", { expiresAt: later }), item("b", [1]), item("r", 1, {}, "run")],
        { replace: [], above: 40 },
        WRITER,
      );
      expect(loaded).toEqual({ written: 3, same: 0, removed: 0 });
      expect(await t.backend.read([{ space: "data", key: "a" }])).toEqual([
        {
          key: "a",
          value: encode("x", "a"),
          revision: 41,
          createdAt: 1000,
          updatedAt: 2000,
          expiresAt: later,
        },
      ]);
      expect((await entriesOf(t.backend, "run")).map(({ revision }) => revision)).toEqual([41]);
      expect(await t.store.keys()).toEqual(["a", "b", "old"]);
      const changes = await t.backend.changes({ after: { revision: 1, key: "old" }, prefix: "", limit: 10 });
      expect(changes.map(({ key, revision, kind, at }) => [key, revision, kind, at])).toEqual([
        ["a", 41, "put", t.clock.time],
        ["b", 41, "put", t.clock.time],
      ]);
      await t.store.set("next", 1);
      expect((await t.store.stats()).revision).toBe(42);
    });

    test("load() leaves alone what is equal, and takes no revision when all is", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: "x" });
      const same = () => [item("a", 1), item("b", "x")];
      expect(await t.backend.load(same, MERGE, WRITER)).toEqual({ written: 0, same: 2, removed: 0 });
      expect((await t.store.stats()).revision).toBe(1);
      const other = () => [item("a", 2), item("b", "x")];
      expect(await t.backend.load(other, MERGE, WRITER)).toEqual({ written: 1, same: 1, removed: 0 });
      expect(await t.store.show("b")).toMatchObject({ revision: 1 });
    });

    test("load() with replace removes what does not come, in those spaces alone", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 2, c: 3 });
      await t.backend.load(() => [item("done", 1, {}, "once"), item("job", 1, {}, "run")], MERGE, WRITER);
      const loaded = await t.backend.load(
        () => [item("a", 1), item("d", 4)],
        { replace: ["data"], above: 0 },
        WRITER,
      );
      expect(loaded).toEqual({ written: 1, same: 1, removed: 2 });
      expect(await t.store.list()).toEqual({ a: 1, d: 4 });
      expect(await t.store.history("b")).toMatchObject([{ kind: "delete", revision: 3 }, { kind: "put" }]);
      expect((await entriesOf(t.backend, "once")).length + (await entriesOf(t.backend, "run")).length).toBe(
        2,
      );
      expect((await t.store.stats()).keys_by_type).toEqual({ number: 2 });
    });

    test("load() changes nothing when its items raise, or one comes twice", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 2 });
      function* broken() {
        yield item("a", 9);
        throw new Error("line 2");
      }
      await expect(
        Promise.resolve().then(() => t.backend.load(broken, { replace: ["data"], above: 0 }, WRITER)),
      ).rejects.toThrow("line 2");
      const twice = () => [item("c", 1), item("c", 2)];
      const error = await failure(() => t.backend.load(twice, MERGE, WRITER));
      expect(error.code).toBe("invalid");
      expect(error.message).toContain('"c"');
      expect(await t.store.list()).toEqual({ a: 1, b: 2 });
      expect((await t.store.stats()).revision).toBe(1);
    });
  });

  describe(`${subject.name}: export and import`, () => {
    const key = text.filter((some) => some !== "" && !some.includes("\0"));
    const entries = fc.uniqueArray(fc.tuple(key, storable, fc.option(fc.integer({ min: 1, max: 1e9 }))), {
      selector: ([some]) => some,
      maxLength: 12,
    });

    test("an import of an export gives an equal store", async () => {
      await fc.assert(
        fc.asyncProperty(entries, entries, async (exported, before) => {
          await using from = await open(subject);
          await using to = await open(subject);
          for (const [name, value, ttl] of exported) await from.store.set(name, value, ttl ?? undefined);
          for (const [name, value] of before) await to.store.set(name, value);
          const wanted = (await entriesOf(from.backend)).map(withoutRevision);
          for (const { key: name } of await entriesOf(to.backend)) await to.store.delete(name);
          await importInto(to, await exportOf(from));
          expect((await entriesOf(to.backend)).map(withoutRevision)).toEqual(wanted);
          const revision = (fixture: Fixture) => fixture.backend.stats();
          if (wanted.length > 0) {
            expect((await revision(to)).revision).toBeGreaterThan((await revision(from)).revision);
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}
