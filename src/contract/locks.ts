import { countLocks } from "../state/locks/survey.ts";
import { createWorld, renewLease } from "../state/locks/world.ts";
import { describe, expect, test } from "./harness.ts";
import { pass, processes, SECOND, take, wanted } from "./machines.ts";
import { failure, open, type Subject, WRITER } from "./subject.ts";

/** Who holds a lock, who may take it, when it ends. */
export function locksContract(subject: Subject): void {
  describe(`${subject.name}: locks`, () => {
    test("acquire() gives a free lock, and to nobody else while it is held", async () => {
      await using t = await open(subject);
      const { a, b } = processes(t);
      const grant = await take(a);
      expect(await b.acquire(wanted())).toBeUndefined();
      expect(await a.acquire(wanted({ task: "other" }))).toBeUndefined();
      expect((await b.inspect("deploy"))?.lease.id).toBe(grant.id);
      expect(await a.release(grant)).toBe(true);
      expect(await b.inspect("deploy")).toBeUndefined();
      await take(b);
    });

    test("acquire() by the same task nests, and the last release frees it", async () => {
      await using t = await open(subject);
      const { a, b } = processes(t);
      const outer = await take(a, { task: "t" });
      expect(await take(a, { task: "t" })).toEqual(outer);
      expect(await a.unlock("deploy", { task: "t" })).toBe(true);
      expect(await b.acquire(wanted())).toBeUndefined();
      expect(await a.unlock("deploy", { task: "t" })).toBe(true);
      expect(await a.unlock("deploy", { task: "t" })).toBe(false);
      await take(b);
    });

    test("unlock() without a label is for the one who took it alone", async () => {
      await using t = await open(subject);
      const { a, b } = processes(t);
      await take(a, { task: "t" });
      expect(await b.unlock("deploy", { task: "t" })).toBe(false);
      expect(await a.unlock("deploy", {})).toBe(false);
      expect(await a.unlock("deploy", { task: "t", holder: "t" })).toBe(false);
      expect(await a.unlock("deploy", { task: "t" })).toBe(true);
    });

    test("a lease ends after its time, for those of the same boot by the boot clock alone", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, b, web1 } = machines;
      await take(a);
      t.clock.advance(10 * 365 * 24 * 3600);
      expect(await b.acquire(wanted())).toBeUndefined();
      expect((await b.inspect("deploy"))?.secondsLeft).toBe(30);
      web1.boot += 30 * SECOND - 1;
      expect(await b.acquire(wanted())).toBeUndefined();
      web1.boot += 1;
      await take(b);
      expect(await a.unlock("deploy", {})).toBe(false);
    });

    test("a lease ends after its time by the wall clock for those of another machine", async () => {
      await using t = await open(subject);
      const { a, c } = processes(t);
      await take(a);
      t.clock.advance(29.9);
      expect(await c.acquire(wanted())).toBeUndefined();
      t.clock.advance(0.1);
      await take(c);
    });

    test("what a process held that died on this machine is free at once, but not when it has a label", async () => {
      await using t = await open(subject);
      const { a, b, c, web1 } = processes(t);
      await take(a);
      await take(a, { name: "labelled", holder: "ci" });
      web1.end(1);
      expect(await c.acquire(wanted())).toBeUndefined();
      await take(b);
      expect(await b.acquire(wanted({ name: "labelled" }))).toBeUndefined();
      expect(await b.acquire(wanted({ name: "labelled", holder: "other" }))).toBeUndefined();
    });

    test("a command keeps the lock of an owner that died, past its lease and its label, as long as it lives", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, b, c, web1 } = machines;
      const grant = await take(a, { forCommand: true });
      const labelled = await take(a, { name: "labelled", holder: "ci", forCommand: true });
      await take(a, { name: "starting", forCommand: true });
      expect(await a.entrust(grant, 11)).toBe(true);
      expect(await a.entrust(labelled, 12)).toBe(true);
      web1.end(1);
      expect(await b.acquire(wanted())).toBeUndefined();
      expect(await b.acquire(wanted({ name: "labelled", holder: "ci" }))).toBeUndefined();
      expect(await b.acquire(wanted({ name: "starting" }))).toBeUndefined();
      pass(t, machines, 30);
      // Nobody can tell whether it was started: its lease has to run out.
      await take(b, { name: "starting" });
      expect(await b.acquire(wanted())).toBeUndefined();
      expect((await b.inspect("deploy"))?.holder).toContain("(pid 11)");
      // What another machine cannot see, it knows by the lease alone.
      await take(c, { name: "labelled", holder: "ci" });
      web1.end(11);
      await take(b);
      expect(await a.entrust(grant, 11)).toBe(false);
    });

    test("a label extends its lease in the same run, and waits while its taker lives elsewhere", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, b, web1 } = machines;
      const first = await take(a, { holder: "ci", ttl: 10 * SECOND });
      pass(t, machines, 5);
      expect(await take(a, { holder: "ci", ttl: 10 * SECOND, task: "another" })).toEqual(first);
      expect((await a.inspect("deploy"))?.secondsLeft).toBe(10);
      expect(await take(a, { holder: "ci", ttl: 2 * SECOND })).toEqual(first);
      expect(await a.inspect("deploy")).toMatchObject({ holder: "ci", secondsLeft: 10 });
      expect(await b.acquire(wanted({ holder: "ci" }))).toBeUndefined();
      web1.end(1);
      expect((await take(b, { holder: "ci" })).id).not.toBe(first.id);
    });

    test("anyone unlocks with the label, at once however often it was taken", async () => {
      await using t = await open(subject);
      const { a, b, c } = processes(t);
      await take(a, { holder: "ci" });
      await take(a, { holder: "ci" });
      expect(await b.unlock("deploy", { holder: "other" })).toBe(false);
      expect(await b.unlock("deploy", {})).toBe(false);
      expect(await c.unlock("deploy", { holder: "ci" })).toBe(true);
      await take(b);
    });

    test("leaving a scope with a label leaves what the label held before", async () => {
      await using t = await open(subject);
      const { a, b } = processes(t);
      await take(a, { holder: "ci" });
      const inner = await take(a, { holder: "ci", kind: "scope" });
      expect(await a.release(inner)).toBe(true);
      expect(await b.acquire(wanted())).toBeUndefined();
      expect(await a.unlock("deploy", { holder: "ci" })).toBe(true);
      const alone = await take(a, { holder: "ci", kind: "scope" });
      expect(await a.release(alone)).toBe(true);
      await take(b);
    });

    test("the token is the revision of the acquisition and stays when the lease is renewed or nested", async () => {
      await using t = await open(subject);
      const { a, b, web1 } = processes(t);
      const lease = { ...(await take(a)), ttl: 60 * SECOND };
      const token = (await t.store.stats()).revision;
      await t.store.set("other", 1);
      const world = createWorld(web1.process(1));
      expect(await renewLease(t.backend, lease, { writer: WRITER, world })).toBe(true);
      await take(a);
      expect(await b.inspect("deploy")).toMatchObject({ lease: { token }, secondsLeft: 60 });
      await a.unlock("deploy", {});
      await a.unlock("deploy", {});
      await take(b);
      expect((await b.inspect("deploy"))?.lease.token).toBeGreaterThan(token);
    });

    test("a lease that has run out is not renewed, even if nobody took it", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, web1 } = machines;
      const lease = { ...(await take(a)), ttl: 60 * SECOND };
      pass(t, machines, 30);
      const world = createWorld(web1.process(1));
      expect(await renewLease(t.backend, lease, { writer: WRITER, world })).toBe(false);
      expect(await a.inspect("deploy")).toBeUndefined();
    });

    test("a guarded store writes under the lock, and nothing once it is lost", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, b } = machines;
      const outer = await take(a);
      const inner = await take(a, { name: "inner", ttl: 60 * SECOND });
      const fenced = t.store.with({ guard: a.guard([outer, inner]) });
      await fenced.setMany({ n: 1, l: [1] });
      expect(await fenced.increment("n")).toBe(2);
      const { revision } = await t.store.stats();
      pass(t, machines, 30);
      const writes = [
        () => fenced.set("n", 9),
        () => fenced.setMany({ n: 9 }),
        () => fenced.delete("n"),
        () => fenced.increment("n"),
        () => fenced.listPush("l", 9),
        () => fenced.compareSwap("n", 2, 9),
        () => fenced.setTtl("n", 9),
        () => fenced.clear(),
      ];
      for (const write of writes) expect((await failure(write)).code).toBe("lock_lost");
      await take(b);
      for (const write of writes) expect((await failure(write)).code).toBe("lock_lost");
      expect(await t.store.getMany(["n", "l"])).toEqual({ n: 2, l: [1] } as never);
      expect((await t.store.stats()).revision).toBe(revision + 1);
      expect(await fenced.get("n")).toBe(2);
    });

    test("releaseTask() releases what the task holds, and close() what the run holds, labels of scopes included", async () => {
      await using t = await open(subject);
      const { a } = processes(t);
      await take(a, { name: "one", task: "t" });
      await take(a, { name: "one", task: "t" });
      await take(a, { name: "two", task: "t", holder: "ci", kind: "scope" });
      await take(a, { name: "three", task: "t", holder: "ci" });
      await take(a, { name: "four" });
      expect((await t.store.stats()).active_locks).toBe(4);
      await a.releaseTask("t");
      expect(await a.inspect("one")).toBeUndefined();
      expect(await a.inspect("two")).toBeUndefined();
      expect(await a.inspect("three")).toBeDefined();
      expect(await a.inspect("four")).toBeDefined();
      await a.close();
      expect(await a.inspect("three")).toBeDefined();
      expect(await a.inspect("four")).toBeUndefined();
    });

    test("close() clears away what leases that ran out have left behind", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, b, web1 } = machines;
      await take(b, { name: "died" });
      await take(b, { name: "ran out", holder: "ci" });
      await take(a, { name: "held", ttl: 60 * SECOND, holder: "ci" });
      pass(t, machines, 30);
      web1.end(2);
      expect(await countLocks(t.backend, createWorld(web1.process(1)))).toBe(1);
      await a.close();
      const left = await t.backend.scan({ space: "lock", prefix: "", limit: 10, values: false });
      expect(left.map(({ key }) => key)).toEqual(["held"]);
    });

    test("locks are in no listing, no count of keys and no history", async () => {
      await using t = await open(subject);
      const { a } = processes(t);
      await take(a);
      expect(await t.store.keys()).toEqual([]);
      expect(await t.store.clear()).toBe(0);
      expect(await t.store.stats()).toMatchObject({ total_keys: 0, active_locks: 1 });
      expect(await t.backend.changes({ after: { revision: 0 }, prefix: "", limit: 10 })).toEqual([]);
    });
  });
}
