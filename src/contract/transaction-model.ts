import fc from "fast-check";
import type { Value } from "../lib/value.ts";
import { equal } from "../state/equal.ts";
import type { Store } from "../state/store.ts";
import { describe, expect, test } from "./harness.ts";
import { outcome, type Step, step } from "./model.ts";
import { Oracle } from "./oracle.ts";
import { open, type Subject } from "./subject.ts";

const steps = fc.array(step, { minLength: 1, maxLength: 6 });

/** Transactions at the same time come to what they come to one after the other. */
export function transactionModelContract(subject: Subject): void {
  describe(`${subject.name}: transaction model`, () => {
    test("any transactions at the same time give what a plain model gives in some order of them", async () => {
      const property = fc.asyncProperty(steps, fc.tuple(steps, steps, steps), async (before, programs) => {
        await using t = await open(subject);
        for (const { run } of before) await outcome(() => run(t.store));
        const results = await Promise.all(programs.map((program) => perform(program, t.store)));
        const after = await contentOf(t.store);
        const explains = async (order: readonly number[]) => {
          const oracle = new Oracle(t.clock.now);
          for (const { run } of before) run(oracle);
          const given = new Map(
            order.map((place) => [place, programs[place]?.map(({ run }) => run(oracle))]),
          );
          if (!results.every((result, place) => isSame(result, given.get(place)))) return false;
          return isSame(after, await contentOf(oracle));
        };
        const explained = (await Promise.all(orders(programs.length).map(explains))).includes(true);
        const titles = programs.map((program) => program.map(({ title }) => title));
        if (!explained) expect({ titles, results }).toEqual({ titles, results: ["of no order"] as never });
      });
      await fc.assert(property, { numRuns: 25 });
    });
  });
}

/** One transaction of all steps, with a pause after each in which others get their turn; the results, and what it saw. */
function perform(program: readonly Step[], store: Store): Promise<unknown[]> {
  return store.transaction(async (tx) => {
    const results: unknown[] = [];
    for (const { run } of program) {
      results.push(await outcome(() => run(tx)));
      await Promise.resolve();
    }
    return results;
  });
}

/** Keys, values and seconds left, one after the other. */
async function contentOf(target: Store | Oracle): Promise<unknown[]> {
  const content: unknown[] = [];
  for (const key of await target.keys()) content.push(key, await target.get(key), await target.getTtl(key));
  return content;
}

function isSame(results: readonly unknown[], given: readonly unknown[] | undefined): boolean {
  if (results.length !== given?.length) return false;
  return results.every((result, place) => {
    const expected = given[place];
    if (result === undefined || expected === undefined) return result === expected;
    return equal(result as Value, expected as Value);
  });
}

/** All orders of the first whole numbers. */
function orders(count: number): number[][] {
  if (count === 0) return [[]];
  return orders(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, place) => order.toSpliced(place, 0, count - 1)),
  );
}
