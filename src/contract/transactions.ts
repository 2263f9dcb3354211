import { viewOf } from "../backends/view.ts";
import { Store } from "../state/store.ts";
import { MOST_TRIES } from "../state/transaction.ts";
import { describe, expect, test } from "./harness.ts";
import { failure, open, type Subject, WRITER } from "./subject.ts";

/** Transactions: all or nothing, as if nobody else were there. */
export function transactionsContract(subject: Subject): void {
  describe(`${subject.name}: transactions`, () => {
    test("transaction() lands all that fn wrote in one revision and gives fn's result", async () => {
      await using t = await open(subject);
      await t.store.set("old", 1);
      const result = await t.store.transaction(async (tx) => {
        await tx.set("a", 1);
        await tx.increment("a");
        await tx.listPush("l", "x");
        await tx.delete("old");
        return "done";
      });
      expect(result).toBe("done");
      expect(await t.store.list()).toEqual({ a: 2, l: ["x"] });
      expect((await t.store.stats()).revision).toBe(2);
      expect((await t.store.history("a")).map(({ value }) => value)).toEqual([2]);
    });

    test("reads inside of a transaction see its own writes, and nobody else does", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 2, c: 3 });
      await t.store.transaction(async (tx) => {
        await tx.set("bb", 9, 60);
        await tx.delete("c");
        await tx.set("d", "x".repeat(3));
        expect(await tx.keys()).toEqual(["a", "b", "bb", "d"]);
        expect(await tx.list("b")).toEqual({ b: 2, bb: 9 });
        expect(await tx.getTtl("bb")).toBe(60);
        expect(await tx.exists("c")).toBe(false);
        expect(await tx.getMany(["a", "c", "d"])).toEqual({ a: 1, d: "xxx" });
        const first = await tx.scan("*", { limit: 2 });
        expect(first.entries.map(({ key }) => key)).toEqual(["a", "b"]);
        const rest = await tx.scan("*", { limit: 2, after: "b" });
        expect(rest.entries.map(({ key }) => key)).toEqual(["bb", "d"]);
        expect(await t.store.keys()).toEqual(["a", "b", "c"]);
        expect(await tx.clear("b*")).toBe(2);
        expect(await tx.keys()).toEqual(["a", "d"]);
      });
      expect(await t.store.list()).toEqual({ a: 1, d: "xxx" });
    });

    test("what fn raises comes out, and nothing lands", async () => {
      await using t = await open(subject);
      await t.store.set("a", "text");
      const raised = new Error("no");
      const failing = t.store.transaction(async (tx) => {
        await tx.set("a", 2);
        throw raised;
      });
      await expect(failing).rejects.toBe(raised);
      const wrong = () => t.store.transaction((tx) => tx.increment("a"));
      expect((await failure(wrong)).code).toBe("not_a_number");
      expect(await t.store.get("a")).toBe("text");
      expect((await t.store.stats()).revision).toBe(1);
    });

    test("a transaction without writes takes no revision", async () => {
      await using t = await open(subject);
      await t.store.set("a", 1);
      expect(await t.store.transaction(async (tx) => [await tx.get("a"), await tx.keys()])).toEqual([
        1,
        ["a"],
      ]);
      expect((await t.store.stats()).revision).toBe(1);
    });

    test("a transaction inside of a transaction joins it", async () => {
      await using t = await open(subject);
      await failure(() =>
        t.store.transaction(async (tx) => {
          await tx.transaction((inner) => inner.set("a", 1));
          expect(await tx.get("a")).toBe(1);
          return tx.need("absent");
        }),
      );
      expect(await t.store.exists("a")).toBe(false);
    });

    const reads: [what: string, read: (tx: Store) => unknown, change: (store: Store) => unknown][] = [
      ["a key that it read was written", (tx) => tx.get("a"), (store) => store.set("a", 5)],
      ["a key that it read was deleted", (tx) => tx.get("a"), (store) => store.delete("a")],
      ["a key that it missed was made", (tx) => tx.exists("new"), (store) => store.set("new", 5)],
      ["a key was added to a range that it listed", (tx) => tx.keys("r:*"), (store) => store.set("r:2", 5)],
      ["a value of a range that it listed changed", (tx) => tx.list("r:"), (store) => store.set("r:1", 5)],
      ["a key of a page that it scanned went", (tx) => tx.scan("r:*"), (store) => store.delete("r:1")],
      ["an increment's number changed", (tx) => tx.increment("a"), (store) => store.set("a", 5)],
      ["a key that it cleared got a neighbour", (tx) => tx.clear("r:*"), (store) => store.set("r:2", 5)],
    ];
    for (const [what, read, change] of reads) {
      test(`fn runs again when ${what}`, async () => {
        await using t = await open(subject);
        await t.store.setMany({ a: 1, "r:1": 1 });
        let tries = 0;
        await t.store.transaction(async (tx) => {
          await read(tx);
          if (++tries === 1) await change(t.store);
          await tx.set("out", tries);
        });
        expect(tries).toBe(2);
        expect(await t.store.get("out")).toBe(2);
      });
    }

    test("fn does not run again for keys that it did not read, or only wrote", async () => {
      await using t = await open(subject);
      await t.store.set("a", 1);
      let tries = 0;
      await t.store.transaction(async (tx) => {
        tries++;
        await tx.get("a");
        await tx.keys("r:*");
        await tx.set("written", 1);
        await t.store.setMany({ written: 2, other: 1 });
      });
      expect(tries).toBe(1);
      expect(await t.store.get("written")).toBe(1);
    });

    test("fn runs again when an entry that it read has expired since", async () => {
      await using t = await open(subject);
      await t.store.set("a", 1, 10);
      const seen: unknown[] = [];
      await t.store.transaction(async (tx) => {
        seen.push(await tx.get("a"));
        if (seen.length === 1) t.clock.advance(11);
        await tx.set("out", 1);
      });
      expect(seen).toEqual([1, undefined]);
    });

    test("an error that fn raised over reads of different moments does not count", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 50, b: 50 });
      let tries = 0;
      const sum = await t.store.transaction(async (tx) => {
        const a = (await tx.need("a")) as number;
        if (++tries === 1) await t.store.setMany({ a: 0, b: 100 });
        const b = (await tx.need("b")) as number;
        if (a + b !== 100) throw new Error(`${a} and ${b} are not 100`);
        return a + b;
      });
      expect({ sum, tries }).toEqual({ sum: 100, tries: 2 });
    });

    test("a transaction that always loses ends with conflict after 100 tries", async () => {
      await using t = await open(subject);
      let tries = 0;
      const losing = () =>
        t.store.transaction(async (tx) => {
          await tx.get("a");
          await t.store.set("a", ++tries);
          await tx.set("b", 1);
        });
      expect((await failure(losing)).code).toBe("conflict");
      expect(tries).toBe(MOST_TRIES);
      expect(await t.store.exists("b")).toBe(false);
    }, 30_000);

    test("a write keeps the expiry that the transaction saw, and a new one counts from its write", async () => {
      await using t = await open(subject);
      await t.store.set("a", 1, 100);
      await t.store.transaction(async (tx) => {
        await tx.increment("a");
        await tx.increment("made", 1, { ttl: 50 });
        await tx.increment("made");
        await tx.set("gone", 1, 5);
        await tx.delete("gone");
        await tx.append("gone", "x");
      });
      expect([await t.store.getTtl("a"), await t.store.getTtl("made"), await t.store.getTtl("gone")]).toEqual(
        [100, 50, -1],
      );
    });

    test("a transaction that only read and listed writes nothing, not even to see that all was of one moment", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 2 });
      const update = () => {
        throw new Error("a transaction without writes reached for the lock");
      };
      const reader = new Store(viewOf(t.backend, { update }), { writer: WRITER });
      let tries = 0;
      const listed = await reader.transaction(async (tx) => {
        const keys = await tx.keys();
        if (++tries === 1) await t.store.set("c", 3);
        return [keys, await tx.list(), await tx.get("a")];
      });
      expect(listed).toEqual([["a", "b", "c"], { a: 1, b: 2, c: 3 }, 1]);
    });

    test("transactions side by side lose nothing", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 100, b: 0 });
      const move = () =>
        t.store.transaction(async (tx) => {
          const [a, b] = [(await tx.need("a")) as number, (await tx.need("b")) as number];
          await Promise.resolve();
          await tx.setMany({ a: a - 1, b: b + 1 });
        });
      await Promise.all(Array.from({ length: 20 }, move));
      expect(await t.store.list()).toEqual({ a: 80, b: 20 });
    });

    test("an update gets the pages that it asked for, of the same moment", async () => {
      await using t = await open(subject);
      await t.store.setMany({ a: 1, b: 1, c: 1 });
      const page = { space: "data", prefix: "", after: "a", limit: 1 } as const;
      const found = await t.backend.update(
        [{ space: "data", key: "a" }],
        ([entry], _now, pages) => ({
          result: [entry?.revision, pages?.map((rows) => rows.map(({ key }) => key))],
        }),
        t.store.writer,
        [page, { ...page, after: "b", limit: 9 }],
      );
      expect(found).toEqual([1, [["b"], ["c"]]]);
    });
  });
}
