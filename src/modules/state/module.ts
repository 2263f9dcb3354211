import { chain } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import { patternOfPrefix } from "../../state/pattern.ts";
import { createReader } from "../bind.ts";
import type { ModuleDef } from "../define.ts";
import { type HostFunction, type HostResult, type LuaModule, SameArgument } from "../module.ts";
import { defineStateFunction, type StateFunctionDef } from "./define.ts";
import { ENTRY_FUNCTIONS } from "./entries.ts";
import { HISTORY_FUNCTIONS } from "./history.ts";
import { LOCK_FUNCTIONS } from "./locks.ts";
import { createPlace, type LockedStore, type Place, Scripts, type ScriptsHost } from "./place.ts";
import words from "./state.lua" with { type: "text" };
import { VALUE_FUNCTIONS } from "./values.ts";
import { createWords, WORDS } from "./words.ts";

/** Lua that completes `state` and `State` with the functions that call back; installed with the words of the modules. */
export const STATE_WORDS = words;

type Functions = Readonly<Record<string, StateFunctionDef<never>>>;

/** What both stores have. */
const FUNCTIONS: Functions = {
  ...ENTRY_FUNCTIONS,
  ...VALUE_FUNCTIONS,
  ...LOCK_FUNCTIONS,
  ...WORDS,
  ...HISTORY_FUNCTIONS,
};

/** What the store of the run has. */
const SESSION_FUNCTIONS: Functions = {
  ...FUNCTIONS,
  list: defineStateFunction({
    description: "The keys that begin with a prefix, sorted.",
    args: (z) => ({ prefix: z.optional(z.string()) }),
    returns: "string[]",
    example: 'state.set("app:a", 1)  assert(state.list("app:")[1] == "app:a")',
    effect: false,
    run: ({ prefix = "" }, place) => place.store().keys(patternOfPrefix(prefix)),
  }),
};

/** The definitions of `state` and `State`, which have functions only on the stores of a run; see `createStateModules`. */
export const STATE_MODULES: readonly ModuleDef[] = [
  {
    name: "state",
    description:
      "What is remembered, durably and atomically, across runs and processes. Errors are objects with `code` and `message`; losing a race is `false`, not an error.",
    functions: reference(FUNCTIONS, "state"),
  },
  {
    name: "State",
    description:
      "The functions of `state` on a store that lives for the run, in memory, shared by its tasks; only `list` is another.",
    functions: reference(SESSION_FUNCTIONS, "State"),
  },
];

/** What `createStateModules` needs of a run. */
export interface StateHost extends ScriptsHost {
  /** Behind `state`. */
  readonly state: LockedStore;
  /** Behind `State`. */
  readonly session: LockedStore;
}

/** The Lua modules `state` and `State`, and what STATE_WORDS is installed with to complete them. */
export function createStateModules(host: StateHost): { modules: LuaModule[]; words: LuaModule } {
  const scripts = new Scripts(host);
  const own = createPlace("state", host.state, scripts);
  const ofSession = createPlace("State", host.session, scripts);
  const [numberOfOwn, numberOfSession] = [scripts.places.add(own), scripts.places.add(ofSession)];
  const questions: Record<string, HostFunction> = {
    state: () => numberOfOwn,
    session: () => numberOfSession,
    name_of: (number) => scripts.places.get(number).name,
    names: () => namesIn(FUNCTIONS).join(" "),
    names_of_locks: () => namesIn(LOCK_FUNCTIONS).join(" "),
    refuse_lock(name) {
      const problem = "a transaction lands whole or not at all, and has no locks";
      throw new RunnerError(
        "bad_argument",
        `Cannot call tx.${String(name)}: ${problem}. Call state.${String(name)} around it.`,
      );
    },
  };
  return {
    modules: [bindPlace(own, FUNCTIONS), bindPlace(ofSession, SESSION_FUNCTIONS)],
    words: {
      name: "state",
      functions: { ...bindPlaces(scripts), ...createWords(scripts), ...questions },
      harmless: [...harmlessIn(FUNCTIONS), ...Object.keys(questions)],
    },
  };
}

/** The functions as those of one place. */
function bindPlace(place: Place, definitions: Functions): LuaModule {
  const functions: Record<string, HostFunction> = {};
  for (const [name, { args, run }] of called(definitions)) {
    const read = createReader(args);
    const callee = () => `${place.name}.${name}`;
    // What a reader gives is what the function's own schemas let through.
    functions[name] = (...values) => run(read(values, callee) as never, place, values.length);
  }
  return { name: place.name, functions, harmless: harmlessIn(definitions) };
}

/** The functions for places that have no module, such as a transaction: with the number of the place in front. */
function bindPlaces({ places }: Scripts): Record<string, HostFunction> {
  const functions: Record<string, HostFunction> = {};
  for (const [name, { args, run }] of called(FUNCTIONS)) {
    const read = createReader(args);
    functions[name] = (number, ...values) => {
      const place = places.get(number);
      // What a reader gives is what the function's own schemas let through.
      const given = read(values, () => `${place.name}.${name}`) as never;
      return chain(run(given, place, values.length), afterNumber);
    };
  }
  return functions;
}

/** A result as it is behind the number of a place. */
function afterNumber(result: HostResult): HostResult {
  return result instanceof SameArgument ? new SameArgument(result.index + 1) : result;
}

/** Each function by each of its names. */
function called(definitions: Functions): [string, StateFunctionDef<never>][] {
  return Object.entries(definitions).flatMap(([name, definition]) =>
    [name, ...(definition.aliases ?? [])].map((each) => [each, definition] as [string, typeof definition]),
  );
}

function namesIn(definitions: Functions): string[] {
  return called(definitions).map(([name]) => name);
}

function harmlessIn(definitions: Functions): string[] {
  return called(definitions).flatMap(([name, { effect }]) => (effect === false ? [name] : []));
}

/** The functions without what they do; their examples, which are written for `state`, call the module `name`. */
function reference(definitions: Functions, name: string): ModuleDef["functions"] {
  const entries = Object.entries(definitions).map(([each, { run: _, ...definition }]) => {
    const example = definition.example.replaceAll(/\bstate\./g, `${name}.`);
    return [each, { ...definition, example }] as const;
  });
  return Object.fromEntries(entries);
}
