import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { findViolation, type Operation } from "../../scripts/torture/linearize.ts";
import { type Held, REGISTER, type RegisterCall } from "../../scripts/torture/register.ts";

type Step = [start: number, end: number | undefined, call: RegisterCall];

function history(...steps: Step[]): Operation<RegisterCall>[] {
  return steps.map(([start, end, call]) => ({ call, start, ...(end !== undefined && { end }) }));
}

const get = (result: Held): RegisterCall => ({ kind: "get", result });
const set = (value: number): RegisterCall => ({ kind: "set", value });
const swap = (old: Held, value: Held, result: boolean): RegisterCall => ({
  kind: "swap",
  old,
  value,
  result,
});

describe("findViolation()", () => {
  const good: [what: string, Operation<RegisterCall>[]][] = [
    ["nothing at all", []],
    [
      "one after the other",
      history([0, 1, set(1)], [2, 3, get(1)], [4, 5, swap(1, 2, true)], [6, 7, get(2)]),
    ],
    ["a read that saw a write under way", history([0, 5, set(1)], [1, 2, get(1)])],
    ["a read that did not yet see it", history([0, 5, set(1)], [1, 2, get(undefined)])],
    ["a write without an answer that was seen", history([0, undefined, set(1)], [3, 4, get(1)])],
    ["a write without an answer that never was", history([0, undefined, set(1)], [3, 4, get(undefined)])],
    [
      "increments that overlap",
      history(
        [0, 9, { kind: "increment", by: 1, result: 2 }],
        [0, 9, { kind: "increment", by: 1, result: 1 }],
      ),
    ],
  ];
  test.each(good)("finds none in %s", (_, operations) => {
    expect(findViolation(operations, REGISTER)).toBeUndefined();
  });

  const bad: [what: string, Operation<RegisterCall>[]][] = [
    ["a read of what was never written", history([0, 1, get(7)])],
    ["a stale read", history([0, 1, set(1)], [2, 3, set(2)], [4, 5, get(1)])],
    ["a read that goes back", history([0, 9, set(1)], [1, 2, get(1)], [3, 4, get(undefined)])],
    [
      "a lost increment",
      history(
        [0, 9, { kind: "increment", by: 1, result: 1 }],
        [0, 9, { kind: "increment", by: 1, result: 1 }],
      ),
    ],
    ["two swaps that both won", history([0, 9, swap(undefined, 1, true)], [0, 9, swap(undefined, 2, true)])],
    ["a write seen before it began", history([0, 1, get(1)], [2, 3, set(1)])],
    [
      "a write without an answer that comes and goes",
      history([0, undefined, set(1)], [1, 2, get(1)], [3, 4, get(undefined)]),
    ],
  ];
  test.each(bad)("finds %s", (_, operations) => {
    expect(findViolation(operations, REGISTER)).toBeDefined();
  });

  const intents = fc.array(
    fc.record({
      kind: fc.constantFrom("get", "set", "delete", "increment", "swap"),
      value: fc.integer({ min: 1, max: 3 }),
      before: fc.nat(3),
      after: fc.nat(3),
      answered: fc.boolean(),
    }),
    { maxLength: 40 },
  );

  /** A history that one register really made, each call at a moment of its own within its span. */
  function recorded(wanted: typeof intents extends fc.Arbitrary<infer T> ? T : never) {
    let state: Held;
    return wanted.map(({ kind, value, before, after, answered }, i): Operation<RegisterCall> => {
      const asked = { kind, value, by: value, old: 1, result: undefined } as unknown as RegisterCall;
      const result = answers(state, asked);
      state = REGISTER.step(state, asked, false)?.state;
      // What the register said is what the call got.
      const call = { ...asked, result } as RegisterCall;
      const at = i * 2;
      return { call, start: at - before, ...(answered && { end: at + 0.5 + after }) };
    });
  }

  function answers(state: Held, call: RegisterCall): Held | boolean {
    for (const result of [
      true,
      false,
      undefined,
      state,
      (state ?? 0) + 1,
      (state ?? 0) + 2,
      (state ?? 0) + 3,
    ]) {
      if (call.kind !== "set" && REGISTER.step(state, { ...call, result } as RegisterCall, true))
        return result;
    }
    return undefined;
  }

  test("finds none in what one register did, however long its answers took", () => {
    fc.assert(fc.property(intents, (wanted) => findViolation(recorded(wanted), REGISTER) === undefined));
  });

  test("finds one where an answer is not what any register would give", () => {
    fc.assert(
      fc.property(intents, fc.nat(), (wanted, at) => {
        const operations = recorded(wanted);
        const wrong = { call: get(99), start: at, end: at + 1 };
        return findViolation([...operations, wrong], REGISTER) !== undefined;
      }),
    );
  });
});
