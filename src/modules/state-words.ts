import { type Awaitable, chain } from "../lib/awaitable.ts";
import { RunnerError } from "../lib/errors.ts";
import { checkTtl } from "../state/arguments.ts";
import { complete, findCompleted } from "../state/once.ts";
import { patternOfPrefix } from "../state/pattern.ts";
import type { Store, Version } from "../state/store.ts";
import { Tries } from "../state/transaction.ts";
import type { Turn, Wanted } from "../state/turns.ts";
import { checkPattern, watch } from "../state/watch.ts";
import { Arguments } from "./arguments.ts";
import type { CurrentContext } from "./context.ts";
import { Held } from "./held.ts";
import { type HostFunction, type HostResult, type LuaFunction, type LuaValue, Results } from "./module.ts";
import type { LockedStore } from "./state.ts";
import { versionTable } from "./state-calls.ts";
import { createPlace, createTransactionPlace, type Place } from "./state-place.ts";

export interface WordsHost {
  readonly current: CurrentContext;
  /** The store of another agent, opened once; whoever gave it closes it. Raises `bad_argument` for a bad name. */
  readonly openAgent: (name: string) => Awaitable<LockedStore>;
  /** Told of an error that a function of a script raised when nobody waited for it. */
  readonly report: (error: unknown) => void;
}

/** The words by name; those that are named here change nothing. */
export type Words = Readonly<Record<string, HostFunction>> & {
  readonly keys_with: HostFunction;
  readonly name_of: HostFunction;
};

interface Running {
  readonly tries: Tries;
  readonly place: Place;
  readonly store: Store;
  /** The place of the try under way. */
  view?: number;
}

/**
 * What state.lua calls for the functions that call back: `once`, `cache`, `transaction`, `on_change`, `agent` and the end
 * of `with_lock`. `places` are those that it knows by number; more are added here.
 */
export function createWords(places: Held<Place>, host: WordsHost): Words {
  const missing = () => new RunnerError("bug", "a word of state.lua holds nothing under this number");
  const turns = new Held<Turn>(missing);
  const running = new Held<Running>(missing);
  const agents = new Map<string, number>();

  /** Tells Lua what is there, else the number of the turn to make it. */
  const findOrTake = (place: Place, wanted: Wanted<{ readonly result: LuaValue }>): Awaitable<HostResult> =>
    chain(place.turns.findOrTake(wanted), (outcome) =>
      "found" in outcome
        ? new Results([true, outcome.found.result])
        : new Results([false, turns.add(outcome.turn)]),
    );

  return {
    once(number, ...values) {
      const place = places.get(number);
      const args = new Arguments(`${place.name}.once`, values);
      const key = args.string(0, "key");
      args.function(1, "fn");
      const store = place.store();
      return findOrTake(place, { kind: "once", key, store, find: () => findCompleted(store, key) });
    },
    complete: (turn, key, result) => quiet(complete(turns.get(turn).store, String(key), result)),

    cache(number, ...values) {
      const place = places.get(number);
      const args = new Arguments(`${place.name}.cache`, values);
      const key = args.string(0, "key");
      checkTtl(args.number(1, "ttl"));
      args.function(2, "fn");
      const store = place.store();
      const find = () => chain(store.get(key), (result) => (result === undefined ? undefined : { result }));
      return findOrTake(place, { kind: "cache", key, store, find });
    },
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

    transaction(number, ...values) {
      const place = places.get(number);
      new Arguments(`${place.name}.transaction`, values).function(0, "fn");
      // Within one, the function joins it.
      if (place.locks === undefined) return undefined;
      const store = place.store();
      const { backend, writer, guard } = store;
      return running.add({ tries: new Tries(backend, { writer, guard, locks: place.locks }), place, store });
    },
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

    on_change(number, ...values) {
      const place = places.get(number);
      const args = new Arguments(`${place.name}.on_change`, values);
      const pattern = args.string(0, "pattern");
      const fn = args.function(1, "fn");
      checkPattern(pattern);
      const store = place.store();
      const started = chain(store.backend.revision(), (after) => {
        void follow(fn, watch(store, pattern, { after, signal: place.ended }), host.report);
      });
      return quiet(started);
    },
    agent(number, ...values) {
      const args = new Arguments(`${places.get(number).name}.agent`, values);
      const name = args.string(0, "name");
      const known = agents.get(name);
      if (known !== undefined) return known;
      return chain(host.openAgent(name), ({ store, locks }) => {
        const place = places.add(createPlace(`state.agent("${name}")`, store, locks, host.current));
        agents.set(name, place);
        return place;
      });
    },
    name_of: (number) => places.get(number).name,
    /** The keys that start with a prefix: what the session's `list` gives. */
    keys_with(number, ...values) {
      const place = places.get(number);
      const prefix = new Arguments(`${place.name}.list`, values).optionalString(0, "prefix") ?? "";
      return place.store().keys(patternOfPrefix(prefix));
    },
    leave: (number, scope) => places.get(number).leave(scope),
  };
}

/** What gives nothing, as Lua takes it. */
function quiet(done: Awaitable<void>): HostResult | Promise<HostResult> {
  return done instanceof Promise ? done.then(() => undefined) : undefined;
}

/** Hands changes to a script's function, one after the other. */
async function follow(
  fn: LuaFunction,
  changes: AsyncIterable<Version>,
  report: WordsHost["report"],
): Promise<void> {
  try {
    for await (const change of changes) await fn.call(versionTable(change)).catch(report);
  } catch (error) {
    report(error);
  }
}
