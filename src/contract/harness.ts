/*
 * The few words that the suite is written in. It runs in the compiled binary for authors of backends, where there is
 * no test runner, and under `bun test`, where each case is a test.
 */

/** One promise of a backend. */
export interface Case {
  readonly title: string;
  run(): Promise<void>;
  /** Milliseconds that it needs on a slow machine, where that is more than a few seconds. */
  readonly timeout?: number;
}

/** Cases about one topic. */
export interface Topic {
  readonly title: string;
  readonly cases: readonly Case[];
}

let collected: { title: string; cases: Case[] }[] = [];

/** The topics that `define` describes; nothing runs yet. */
export function collect(define: () => void): readonly Topic[] {
  collected = [];
  define();
  return collected;
}

/** Puts the cases that `define` names under a title. */
export function describe(title: string, define: () => void): void {
  collected.push({ title, cases: [] });
  define();
}

/** Adds a case to the topic that is being described. It fails when `run` raises. */
export function test(title: string, run: () => Promise<void>, timeout?: number): void {
  collected.at(-1)?.cases.push({ title, run, ...(timeout === undefined ? {} : { timeout }) });
}

/** What `expect` raises. */
export class ExpectationFailed extends Error {
  override readonly name = "ExpectationFailed";
}

interface Expectation {
  /** The same value; NaN is itself, and 0 is not -0. */
  toBe(expected: unknown): void;
  /** Equal in content; a field that is undefined is like none. */
  toEqual(expected: unknown): void;
  /** Has at least these fields, with equal values; arrays have as many items. */
  toMatchObject(expected: object): void;
  toBeUndefined(): void;
  toBeDefined(): void;
  toBeGreaterThan(least: number): void;
  toBeLessThan(most: number): void;
  toHaveLength(length: number): void;
  /** A text has this part, or a list this item. */
  toContain(part: unknown): void;
  readonly not: Pick<Expectation, "toBe" | "toEqual">;
  /** For a promise: what it was rejected with. */
  readonly rejects: {
    toBe(expected: unknown): Promise<void>;
    toThrow(part: string): Promise<void>;
  };
}

/** Judges a value; each word raises `ExpectationFailed` when it does not hold. */
export function expect(actual: unknown): Expectation {
  const must = (holds: boolean, wanted: string) => {
    if (!holds) throw new ExpectationFailed(`Expected ${wanted}, got ${show(actual)}.`);
  };
  return {
    toBe: (expected) => must(Object.is(actual, expected), show(expected)),
    toEqual: (expected) => must(Bun.deepEquals(actual, expected), show(expected)),
    toMatchObject: (expected) => must(matches(actual, expected), `at least ${show(expected)}`),
    toBeUndefined: () => must(actual === undefined, "nothing"),
    toBeDefined: () => must(actual !== undefined, "something"),
    toBeGreaterThan: (least) => must(Number(actual) > least, `more than ${least}`),
    toBeLessThan: (most) => must(Number(actual) < most, `less than ${most}`),
    toHaveLength: (length) => must(lengthOf(actual) === length, `a length of ${length}`),
    toContain: (part) => must(contains(actual, part), `something with ${show(part)}`),
    not: {
      toBe: (expected) => must(!Object.is(actual, expected), `anything but ${show(expected)}`),
      toEqual: (expected) => must(!Bun.deepEquals(actual, expected), `anything but ${show(expected)}`),
    },
    rejects: {
      toBe: async (expected) => expect(await raisedBy(actual)).toBe(expected),
      toThrow: async (part) => {
        const raised = await raisedBy(actual);
        expect(raised instanceof Error ? raised.message : raised).toContain(part);
      },
    },
  };
}

async function raisedBy(promise: unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = await promise;
  } catch (raised) {
    return raised;
  }
  throw new ExpectationFailed(`Expected an error, got ${show(result)}.`);
}

function matches(actual: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    return lengthOf(actual) === expected.length && fieldsMatch(actual, expected);
  }
  const isPlain = typeof expected === "object" && Object.getPrototypeOf(expected ?? 0) === Object.prototype;
  return isPlain ? fieldsMatch(actual, expected) : Bun.deepEquals(actual, expected);
}

function fieldsMatch(actual: unknown, expected: object | null): boolean {
  if (typeof actual !== "object" || actual === null) return false;
  // Whatever it is, its fields can be looked at by name.
  const fields = actual as Readonly<Record<string, unknown>>;
  return Object.entries(expected ?? {}).every(([name, value]) => matches(fields[name], value));
}

function contains(whole: unknown, part: unknown): boolean {
  if (typeof whole === "string") return whole.includes(String(part));
  return Array.isArray(whole) && whole.includes(part);
}

function lengthOf(value: unknown): unknown {
  return typeof value === "string" || (typeof value === "object" && value !== null && "length" in value)
    ? value.length
    : undefined;
}

/** Characters of a value that a message shows. */
const SHOWN = 300;

function show(value: unknown): string {
  const text = Bun.inspect(value, { depth: 6, colors: false });
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
