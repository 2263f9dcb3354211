import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject } from "./subject.ts";

/** keys, list, scan and clear. */
export function listingContract(subject: Subject): void {
  describe(`${subject.name}: patterns and listing`, () => {
    test("keys() sorts by UTF-8 bytes, also above U+FFFF", async () => {
      await using t = await open(subject);
      const sorted = [
        "A",
        "a",
        "a\u0001",
        "aa",
        "b",
        "é",
        "\ud7ff",
        "\ue000",
        "\uffff",
        "\u{10000}",
        "\u{10ffff}",
      ];
      for (const key of sorted.toReversed()) await t.store.set(key, 1);
      expect(await t.store.keys()).toEqual(sorted);
      expect((await t.store.scan("*", { after: "\uffff" })).entries.map(({ key }) => key)).toEqual(
        sorted.slice(9),
      );
    });

    test("keys() takes *, ?, classes and escapes; % and _ and case are ordinary", async () => {
      await using t = await open(subject);
      for (const key of ["app:1", "app:2", "app:10", "App:1", "a_p", "a%p", "axp", "a*p", "🦆"]) {
        await t.store.set(key, 1);
      }
      expect(await t.store.keys("app:?")).toEqual(["app:1", "app:2"]);
      expect(await t.store.keys("app:*")).toEqual(["app:1", "app:10", "app:2"]);
      expect(await t.store.keys("a[_x]p")).toEqual(["a_p", "axp"]);
      expect(await t.store.keys("a[!_x]p")).toEqual(["a%p", "a*p"]);
      expect(await t.store.keys("a_p")).toEqual(["a_p"]);
      expect(await t.store.keys("a\\*p")).toEqual(["a*p"]);
      expect(await t.store.keys("?")).toEqual(["🦆"]);
      expect((await failure(() => t.store.keys("a["))).code).toBe("bad_argument");
    });

    test("list() gives keys and values under a literal prefix", async () => {
      await using t = await open(subject);
      await t.store.setMany({ "a*": 1, "a*b": 2, ab: 3, "\u{10ffff}": 4, "\u{10ffff}x": 5 });
      expect(await t.store.list("a*")).toEqual({ "a*": 1, "a*b": 2 });
      expect(await t.store.list("\u{10ffff}")).toEqual({ "\u{10ffff}": 4, "\u{10ffff}x": 5 });
      expect(Object.keys(await t.store.list()).length).toBe(5);
    });

    test("scan() goes through any number of keys page by page, each once", async () => {
      await using t = await open(subject);
      const all = new Map(Array.from({ length: 2345 }, (_, i) => [`k:${String(i).padStart(5, "0")}`, i]));
      await t.store.setMany(all);
      await t.store.set("other", true);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await t.store.scan("k:*[05]", { limit: 100, ...(after === undefined ? {} : { after }) });
        seen.push(...page.entries.map(({ key }) => key));
        after = page.after;
      } while (after !== undefined);
      expect(seen).toEqual([...all.keys()].filter((key) => /[05]$/.test(key)));
      expect((await t.store.keys("k:*")).length).toBe(2345);
    });

    test("scan() shows value, revision and seconds left", async () => {
      await using t = await open(subject);
      await t.store.set("a", [1], 10);
      const { entries, after } = await t.store.scan();
      expect(entries).toMatchObject([{ key: "a", value: [1], type: "list", revision: 1, ttl: 10 }]);
      expect(after).toBeUndefined();
      expect((await failure(() => t.store.scan("*", { limit: 0 }))).code).toBe("bad_argument");
    });

    test("scan() behind a key that comes before the prefix begins with the prefix", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, aa: 1, b: 1, b1: 1, b2: 1, c: 1 });
      const keys = async (after: string) =>
        (await t.store.scan("b*", { after })).entries.map(({ key }) => key);
      expect([await keys("a"), await keys("b"), await keys("b1"), await keys("c")]).toEqual([
        ["b", "b1", "b2"],
        ["b1", "b2"],
        ["b2"],
        [],
      ]);
    });

    test("clear() removes what matches, in one revision, and says how many", async () => {
      await using t = await open(subject);
      await t.store.setMany(new Map(Array.from({ length: 1500 }, (_, i) => [`k${i}`, i])));
      await t.store.set("x", 1);
      const before = (await t.store.stats()).revision;
      expect(await t.store.clear("k*")).toBe(1500);
      expect((await t.store.stats()).revision).toBe(before + 1);
      expect(await t.store.keys()).toEqual(["x"]);
      expect(await t.store.clear("none*")).toBe(0);
      expect(await t.store.clear()).toBe(1);
      expect(await t.store.keys()).toEqual([]);
    });

    test("keys, list and clear leave the other spaces alone", async () => {
      await using t = await open(subject);
      const by = { host: "h", user: "u", pid: 1 };
      for (const space of ["run", "once"] as const) {
        const change = () => ({
          result: 0,
          writes: [{ put: { type: "number", data: 1 }, expires: "never" }] as const,
        });
        await t.backend.update([{ space, key: "k" }], change, by);
      }
      expect(await t.store.keys()).toEqual([]);
      expect(await t.store.clear()).toBe(0);
      expect((await t.store.stats()).total_keys).toBe(0);
      expect((await t.backend.read([{ space: "run", key: "k" }]))[0]?.value.data).toBe(1);
    });
  });
}
