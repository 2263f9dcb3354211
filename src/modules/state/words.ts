import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { RunnerError } from "../../lib/errors.ts";
import { complete, findCompleted, forget } from "../../state/once.ts";
import { Tries } from "../../state/transaction.ts";
import type { Outcome, Wanted } from "../../state/turns.ts";
import { type HostFunction, type HostResult, type LuaValue, Results } from "../module.ts";
import { cannotWait } from "../waiting.ts";
import { defineStateFunction as define } from "./define.ts";
import { createPlace, createTransactionPlace, lockingOf, type Place, type Scripts } from "./place.ts";

/** The functions of `state` that state.lua carries on: they call a function of the script, or give a table of functions. */
export const WORDS = {
  transaction: define({
    description:
      "Runs a function whose changes land together or not at all; `tx` has the functions of `state` but locks. It runs again when another writer changed what it had read.",
    args: (z) => ({ fn: z.fn() }),
    returns: "any ...",
    example: 'state.transaction(function(tx) tx.set("a", 1) tx.set("b", 2) end)  assert(state.get("b") == 2)',
    run(_, place) {
      // Within one, the function joins it.
      if (place.locking === undefined) return undefined;
      const store = place.store();
      const { backend, writer, guard } = store;
      const tries = new Tries(backend, { writer, guard, locks: place.locking.locks });
      return place.scripts.running.add({ tries, place, store });
    },
  }),
  once: define({
    description: "The result of a function that runs only if no earlier call completed it, by anyone.",
    args: (z) => ({ key: z.string(), fn: z.fn() }),
    returns: "any",
    example: 'state.once("setup", function() return 1 end)  assert(state.once("setup", error) == 1)',
    run({ key }, place) {
      const store = place.store();
      return findOrTake(place, { kind: "once", key, store, find: () => findCompleted(store, key) });
    },
  }),
  forget: define({
    description: "Forgets that `once` completed a key.",
    args: (z) => ({ key: z.string() }),
    returns: "boolean existed",
    example: 'state.once("setup", function() end)  assert(state.forget("setup"))',
    run: ({ key }, place) => forget(place.store(), key),
  }),
  cache: define({
    description:
      "The value that is cached under a key, else the function's, which is stored for so many seconds unless it is nil; one caller computes, the others wait.",
    args: (z) => ({ key: z.string(), ttl: z.seconds("above zero"), fn: z.fn() }),
    returns: "any",
    example: 'assert(state.cache("rates", 60, function() return { usd = 1 } end).usd == 1)',
    run({ key }, place) {
      const store = place.store();
      const find = () => chain(store.get(key), (result) => (result === undefined ? undefined : { result }));
      return findOrTake(place, { kind: "cache", key, store, find });
    },
  }),
  agent: define({
    description: "The same functions on another agent's store.",
    args: (z) => ({ name: z.string() }),
    returns: "statelib",
    example: 'assert(state.agent("other").get("nothing") == nil)',
    effect: false,
    run({ name }, { scripts }) {
      const known = scripts.agents.get(name);
      if (known !== undefined) return known;
      return chain(scripts.host.openAgent(name), (opened) => {
        const place = scripts.places.add(createPlace(`state.agent("${name}")`, opened, scripts));
        scripts.agents.set(name, place);
        return place;
      });
    },
  }),
};

/** What state.lua needs besides to carry these functions on. */
export function createWords({ places, turns, running }: Scripts): Record<string, HostFunction> {
  return {
    complete: (turn, key, result) => quiet(complete(turns.get(turn).store, String(key), result)),
    keep: (turn, key, ttl, value) =>
      chain(turns.get(turn).store.set(String(key), value, Number(ttl)), () => undefined),
    refuse_inner(call) {
      const what = String(call);
      throw new RunnerError(
        "bad_argument",
        `Cannot call ${what} inside of its own function: it would wait for itself. Use another key.`,
      );
    },
    end_turn: (turn) => quiet(turns.take(turn)?.end()),
    begin(number) {
      const one = running.get(number);
      return chain(one.tries.begin(), (backend) => {
        one.view = places.add(createTransactionPlace(one.store.view(backend), one.place));
        return one.view;
      });
    },
    /** Whether it is over: all has landed, or the function's error counts. */
    finish(number, ok) {
      const { tries, view } = running.get(number);
      places.take(view);
      return ok ? tries.land() : tries.isFault();
    },
    end_transaction(number) {
      const one = running.take(number);
      places.take(one?.view);
      return quiet(one?.tries.close());
    },
    leave: (number, scope) => lockingOf(places.get(number)).leave(scope),
  };
}

/** Tells Lua what is there, else the number of the turn to make it. Raises `bad_argument` where it would have to wait. */
function findOrTake(
  { name, turns, scripts }: Place,
  wanted: Wanted<{ readonly result: LuaValue }>,
): Awaitable<HostResult> {
  const tell = (outcome: Outcome<{ readonly result: LuaValue }>) =>
    "found" in outcome
      ? new Results([true, outcome.found.result])
      : new Results([false, scripts.turns.add(outcome.turn)]);
  if (scripts.host.canWait()) return chain(turns.findOrTake(wanted), tell);
  const outcome = turns.attempt(wanted);
  if (outcome !== undefined && !(outcome instanceof Promise)) return tell(outcome);
  // A turn that comes later finds nobody who would make anything of it.
  const end = (late: Awaited<typeof outcome>) => late && "turn" in late && late.turn.end();
  void outcome?.then(end).catch(() => undefined);
  throw cannotWait(`${name}.${wanted.kind}`);
}

/** What gives nothing, as Lua takes it. */
function quiet(done: Awaitable<void>): HostResult | Promise<HostResult> {
  return done instanceof Promise ? done.then(() => undefined) : undefined;
}
