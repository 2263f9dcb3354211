import type { Locks } from "../state/locks/locks.ts";
import type { Store } from "../state/store.ts";
import { Arguments } from "./arguments.ts";
import type { CurrentContext } from "./context.ts";
import type { Held } from "./held.ts";
import { type HostFunction, type LuaModule, SameArgument } from "./module.ts";
import words from "./state.lua" with { type: "text" };
import { STATE_CALLS } from "./state-calls.ts";
import { createPlace, createPlaces, type Place } from "./state-place.ts";
import { createWords, type WordsHost } from "./state-words.ts";

/** Lua that completes `state` and `State` with the functions that call back; installed with the words of the modules. */
export const STATE_WORDS = words;

const LOCK_CALLS = ["try_lock", "lock", "unlock", "is_locked", "with_lock"];

/** A store with its locks. */
export interface LockedStore {
  readonly store: Store;
  readonly locks: Locks;
}

export interface StateHost extends Pick<WordsHost, "openAgent" | "report"> {
  readonly current: CurrentContext;
  /** Behind `state`. */
  readonly state: LockedStore;
  /** Behind `State`. */
  readonly session: LockedStore;
}

/** The Lua modules `state` and `State`, and what STATE_WORDS is installed with to complete them. */
export function createStateModules(host: StateHost): {
  modules: LuaModule[];
  words: LuaModule["functions"];
  /** Those of the words that change nothing. */
  reads: LuaModule["functions"];
} {
  const { current, state, session } = host;
  const places = createPlaces();
  const own = createPlace("state", state.store, state.locks, current);
  const ofSession = createPlace("State", session.store, session.locks, current);
  const [numberOfOwn, numberOfSession] = [places.add(own), places.add(ofSession)];
  const { keys_with, name_of, ...words } = createWords(places, host);
  return {
    modules: [createModule(own), createModule(ofSession)],
    words: { ...words, ...callsOnPlaces(places) },
    reads: { state: () => numberOfOwn, session: () => numberOfSession, keys_with, name_of },
  };
}

function createModule(place: Place): LuaModule {
  const functions: Record<string, HostFunction> = { ...place.lockFunctions };
  for (const [name, call] of Object.entries(STATE_CALLS)) {
    const callee = `${place.name}.${name}`;
    functions[name] = (...values) => call(new Arguments(callee, values), place.store());
  }
  return { name: place.name, functions };
}

/** All functions for the places that have no module, such as a transaction: with the number of the place in front. */
function callsOnPlaces(places: Held<Place>): Record<string, HostFunction> {
  const functions: Record<string, HostFunction> = {};
  for (const [name, call] of Object.entries(STATE_CALLS)) {
    functions[`on ${name}`] = (number, ...values) => {
      const place = places.get(number);
      const result = call(new Arguments(`${place.name}.${name}`, values), place.store());
      return result instanceof SameArgument ? new SameArgument(result.index + 1) : result;
    };
  }
  for (const name of LOCK_CALLS) {
    functions[`on ${name}`] = (number, ...values) => places.get(number).lockFunctions[name]?.(...values);
  }
  return functions;
}
