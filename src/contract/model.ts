import fc from "fast-check";
import type { Value } from "../lib/value.ts";
import { equal } from "../state/equal.ts";
import type { Store } from "../state/store.ts";
import { luaNumber, storable, text } from "./arbitrary.ts";
import { describe, expect, test } from "./harness.ts";
import { Oracle } from "./oracle.ts";
import { open, type Subject } from "./subject.ts";

/** One call, made on the store and on the oracle. */
export interface Step {
  readonly title: string;
  run(target: Store | Oracle): unknown;
  /** Seconds that pass before it. */
  readonly wait: number;
}

const key = fc.constantFrom("a", "ab", "b", "\u{10000}", "\uffff");
const wait = fc.constantFrom(0, 0, 0, 0.5, 3);
const ttl = fc.constantFrom(undefined, undefined, 1, 2.5, 10);
// Few values, so that a swap often finds what it expects.
const value = fc.oneof(storable, fc.constantFrom<Value>(1, "x", [], [1, 2], 2n ** 63n - 1n));
const maybe = fc.option(value, { nil: undefined });

/** Any call, with a pause before it. */
export const step: fc.Arbitrary<Step> = fc
  .oneof(
    call(fc.tuple(key, value, ttl), "set", (to, [k, v, seconds]) => to.set(k, v, seconds)),
    call(fc.tuple(key), "get", (to, [k]) => to.get(k)),
    call(fc.tuple(key), "delete", (to, [k]) => to.delete(k)),
    call(fc.tuple(key), "exists", (to, [k]) => to.exists(k)),
    call(fc.tuple(), "keys", (to) => to.keys()),
    call(fc.tuple(fc.constantFrom("a", "b", "\u{10000}")), "clear", (to, [prefix]) =>
      to.clear(to instanceof Oracle ? prefix : `${prefix}*`),
    ),
    call(fc.tuple(key, fc.constantFrom(-1, 0, 1, 7.5)), "setTtl", (to, [k, seconds]) =>
      to.setTtl(k, seconds),
    ),
    call(fc.tuple(key), "getTtl", (to, [k]) => to.getTtl(k)),
    call(fc.tuple(key, luaNumber), "increment", (to, [k, delta]) => to.increment(k, delta)),
    call(fc.tuple(key, text), "append", (to, [k, some]) => to.append(k, some)),
    call(fc.tuple(key, maybe, maybe), "compareSwap", (to, [k, old, next]) => to.compareSwap(k, old, next)),
    call(fc.tuple(key, value), "listPush", (to, [k, item]) => to.listPush(k, item)),
    call(fc.tuple(key), "listPop", (to, [k]) => to.listPop(k)),
    call(fc.tuple(key), "listShift", (to, [k]) => to.listShift(k)),
  )
  .chain((made) => wait.map((seconds) => ({ ...made, wait: seconds })));

function call<Args extends unknown[]>(
  args: fc.Arbitrary<Args>,
  title: string,
  run: (target: Store | Oracle, args: Args) => unknown,
): fc.Arbitrary<Omit<Step, "wait">> {
  return args.map((given) => ({
    title,
    run: (target: Store | Oracle) => run(target, given),
    // For the author of a backend, to whom a counterexample is shown.
    [fc.toStringMethod]: () => `${title}(${given.map((each) => fc.stringify(each)).join(", ")})`,
  }));
}

/** A result, or the code of what was raised. */
export async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Error && "code" in error) return error.code;
    throw error;
  }
}

/** Any sequence of operations gives what the oracle gives. */
export function modelContract(subject: Subject): void {
  describe(`${subject.name}: model`, () => {
    test("any sequence of calls gives what a plain model gives", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          await using t = await open(subject);
          const oracle = new Oracle(t.clock.now);
          for (const { title, run, wait } of steps) {
            t.clock.advance(wait);
            const expected = run(oracle);
            const got = await outcome(() => run(t.store));
            const same =
              expected === undefined || got === undefined
                ? expected === got
                : equal(got as Value, expected as Value);
            if (!same) {
              expect({ title, result: got }).toEqual({ title, result: expected });
              // The line above shows both; this one fails even where they look alike to it.
              expect(same).toBe(true);
            }
          }
          expect(await t.store.keys()).toEqual(oracle.keys());
          for (const some of oracle.keys()) {
            expect(equal((await t.store.get(some)) as Value, oracle.get(some) as Value)).toBe(true);
            expect(await t.store.getTtl(some)).toBe(oracle.getTtl(some));
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}
