import { take as standInQueue } from "../state/locks/decide.ts";
import { TURN_MS } from "../state/locks/queue.ts";
import { createWorld, lockRef } from "../state/locks/world.ts";
import { describe, expect, test } from "./harness.ts";
import { FakeMachine, pass, processes, SECOND, take, wanted } from "./machines.ts";
import { open, type Subject, WRITER } from "./subject.ts";

/** Who gets a lock next, of those who wait for it. */
export function lockQueueContract(subject: Subject): void {
  describe(`${subject.name}: lock queue`, () => {
    test("waiters get the lock in the order in which they came", async () => {
      await using t = await open(subject);
      const { a, b, c } = processes(t);
      await take(a);
      const order: string[] = [];
      const waits = [
        ["c", c],
        ["b", b],
        ["b2", b],
      ] as const;
      const served = waits.map(async ([name, locks]) => {
        const grant = await take(locks, { task: name, timeout: 60 * SECOND });
        order.push(name);
        // Who does not wait does not get before those who do.
        if (name !== "b2") expect(await a.acquire(wanted())).toBeUndefined();
        await locks.release(grant, name);
      });
      await a.unlock("deploy", {});
      await Promise.all(served);
      expect(order).toEqual(["c", "b", "b2"]);
    });

    test("a waiter that died, or does not take its turn, keeps nobody waiting for long", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, c, web1 } = machines;
      await take(a);
      // Each stands in the queue and never looks again.
      for (const machine of [web1.process(2), new FakeMachine("web3").process(9)]) {
        const { self: owner } = machine;
        const claim = { id: owner.host, owner, ttl: 30 * SECOND, nests: true, waits: true };
        await t.backend.update([lockRef("deploy")], standInQueue(claim, createWorld(machine)), WRITER);
      }
      await a.unlock("deploy", {});
      web1.end(2);
      expect(await c.acquire(wanted())).toBeUndefined();
      pass(t, machines, (2 * TURN_MS) / SECOND);
      await take(c);
    });

    test("a waiter whose turn was missed by those ahead takes it, and those behind keep their places", async () => {
      await using t = await open(subject);
      const machines = processes(t);
      const { a, c } = machines;
      const grant = await take(a);
      const queued = Array.from({ length: 4 }, (_, place) => {
        const machine = new FakeMachine("web3").process(place);
        const claim = { id: `${place}`, owner: machine.self, ttl: 30 * SECOND, nests: true, waits: true };
        return () => t.backend.update([lockRef("deploy")], standInQueue(claim, createWorld(machine)), WRITER);
      });
      for (const look of queued) await look();
      await a.release(grant);
      expect(await queued[2]?.()).toMatchObject({ ahead: 2 });
      pass(t, machines, TURN_MS / SECOND);
      expect(await queued[2]?.()).toMatchObject({ ahead: 2 });
      pass(t, machines, 0.1);
      expect(await queued[2]?.()).toEqual({ id: "2" });
      expect(await queued[3]?.()).toMatchObject({ ahead: 0 });
      expect(await queued[0]?.()).toMatchObject({ ahead: 1 });
      expect(await c.acquire(wanted())).toBeUndefined();
    });

    test("acquire() gives up after its timeout and leaves the queue", async () => {
      await using t = await open(subject);
      const { a, b, c } = processes(t);
      const grant = await take(a);
      expect(await b.acquire(wanted({ timeout: 1 }))).toBeUndefined();
      await a.release(grant);
      await take(c);
    });
  });
}
