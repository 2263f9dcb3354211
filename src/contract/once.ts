import { complete, findCompleted, forget } from "../state/once.ts";
import { describe, expect, test } from "./harness.ts";
import { pass, processes, SECOND, take, wanted } from "./machines.ts";
import { failure, open, type Subject } from "./subject.ts";

/** What `once` keeps. */
export function onceContract(subject: Subject): void {
  describe(`${subject.name}: once`, () => {
    test("complete() keeps a result, no result too, until forget()", async () => {
      await using t = await open(subject);
      expect(await findCompleted(t.store, "k")).toBeUndefined();
      expect(await forget(t.store, "k")).toBe(false);
      for (const result of [{ version: 3 }, false, undefined]) {
        await complete(t.store, "k", result);
        expect(await findCompleted(t.store, "k")).toEqual({ result });
        expect(await forget(t.store, "k")).toBe(true);
        expect(await findCompleted(t.store, "k")).toBeUndefined();
      }
    });

    test("what is kept has nothing to do with the key of the same name, and outlives clear()", async () => {
      await using t = await open(subject);
      await complete(t.store, "k", "done");
      expect(await t.store.exists("k")).toBe(false);
      await t.store.set("k", 1);
      await t.store.clear();
      expect(await findCompleted(t.store, "k")).toEqual({ result: "done" });
    });

    test("a call whose lock was lost completes nothing", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const grant = await take(machines.a, { name: "k" });
      const under = t.store.with({ guard: machines.a.guard([grant]) });
      pass(t, machines, 31);
      await machines.b.acquire(wanted({ name: "k", ttl: 60 * SECOND }));
      expect((await failure(() => complete(under, "k", "late"))).code).toBe("lock_lost");
      expect(await findCompleted(t.store, "k")).toBeUndefined();
    });
  });
}
