import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject, WRITER } from "./subject.ts";

/** Batches, revisions, history and the feed of changes. */
export function revisionsContract(subject: Subject): void {
  describe(`${subject.name}: batches, revisions and history`, () => {
    test("setMany() and getMany() take any number of keys, in one revision", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: [2], ["__proto__"]: "p" });
      const many = await t.store.getMany(["a", "nope", "b", "__proto__"]);
      expect(Object.entries(many)).toEqual([
        ["a", 1],
        ["b", [2]],
        ["__proto__", "p"],
      ]);
      expect((await t.store.stats()).revision).toBe(1);
      expect((await t.store.show("b"))?.revision).toBe(1);
    });

    test("setMany() stores nothing when one value or key is bad", async () => {
      await using t = await open(subject);
      expect((await failure(() => t.store.setMany({ a: 1, b: null }))).code).toBe("bad_value");
      expect(await t.store.keys()).toEqual([]);
      expect((await t.store.stats()).revision).toBe(0);
    });

    test("a call that changes nothing takes no revision", async () => {
      await using t = await open(subject);
      await t.store.set("k", 1);
      await t.store.delete("nope");
      await t.store.compareSwap("k", 2, 3);
      await t.store.listPop("l");
      await t.store.setTtl("k", 0);
      expect((await t.store.stats()).revision).toBe(1);
    });

    test("an entry keeps its creation and takes the time and revision of its last change", async () => {
      await using t = await open(subject);
      await t.store.set("k", 1);
      const created = t.clock.time;
      t.clock.advance(5);
      await t.store.set("k", 2);
      expect(await t.store.show("k")).toMatchObject({
        createdAt: created,
        updatedAt: t.clock.time,
        revision: 2,
      });
      await t.store.delete("k");
      t.clock.advance(5);
      await t.store.set("k", 3);
      expect(await t.store.show("k")).toMatchObject({ createdAt: t.clock.time, revision: 4 });
    });

    test("history() gives the versions of a key, newest first, with time and writer", async () => {
      await using t = await open(subject);
      await t.store.set("k", "v1", 60);
      const first = t.clock.time;
      t.clock.advance(1);
      await t.store.set("other", 1);
      await t.store.delete("k");
      await t.store.set("k", { v: 3 });
      const at = t.clock.time;
      expect(await t.store.history("k")).toEqual([
        { key: "k", revision: 4, kind: "put", type: "table", value: { v: 3 }, at, by: WRITER },
        { key: "k", revision: 3, kind: "delete", at, by: WRITER },
        {
          key: "k",
          revision: 1,
          kind: "put",
          type: "string",
          value: "v1",
          at: first,
          expiresAt: first + 60_000,
          by: WRITER,
        },
      ]);
      expect((await t.store.history("k", 1)).map(({ revision }) => revision)).toEqual([4]);
      expect((await t.backend.history("k", { before: 4, limit: 9 })).map(({ revision }) => revision)).toEqual(
        [3, 1],
      );
    });

    test("changes() goes on after any place in the feed, by revision and then by key", async () => {
      await using t = await open(subject);
      await t.store.setMany({ b: 1, a: 1, c: 1 });
      await t.store.delete("b");
      await t.store.set("x", 1);
      const feed = async (after: { revision: number; key?: string }, prefix = "", limit = 99) =>
        (await t.backend.changes({ after, prefix, limit })).map(
          ({ revision, key, kind }) => `${revision} ${key} ${kind}`,
        );
      expect(await feed({ revision: 0 })).toEqual(["1 a put", "1 b put", "1 c put", "2 b delete", "3 x put"]);
      expect(await feed({ revision: 1, key: "a" }, "", 2)).toEqual(["1 b put", "1 c put"]);
      expect(await feed({ revision: 1 })).toEqual(["2 b delete", "3 x put"]);
      expect(await feed({ revision: 0 }, "b")).toEqual(["1 b put", "2 b delete"]);
      expect(await feed({ revision: 3 })).toEqual([]);
    });

    test("a change that raises leaves everything as it was, and the store works on", async () => {
      await using t = await open(subject);
      await t.store.set("k", "text");
      expect((await failure(() => t.store.increment("k"))).code).toBe("not_a_number");
      expect(await t.store.get("k")).toBe("text");
      expect(await t.store.append("k", "!")).toBe(5);
    });
  });
}
