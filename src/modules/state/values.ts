import { chain } from "../../lib/awaitable.ts";
import { wrongArgument } from "../arguments.ts";
import { type LuaValue, Results } from "../module.ts";
import type { Words } from "../schema/words.ts";
import { defineStateFunction as define } from "./define.ts";
import type { Place } from "./place.ts";

/** The functions of `state` that change a value from what it is: numbers, texts, lists, swaps. */
export const VALUE_FUNCTIONS = {
  increment: define({
    description:
      "Adds to a number, 1 unless said otherwise; an absent one counts as 0 and then takes the ttl.",
    args: added,
    returns: "number",
    example: 'assert(state.increment("count") == 1)',
    run: ({ key, delta, options: { ttl } }, place) =>
      checkDelta(place, "increment", delta).increment(key, delta, ttl === undefined ? {} : { ttl }),
  }),
  decrement: define({
    description: "Subtracts from a number, as increment adds.",
    args: added,
    returns: "number",
    example: 'assert(state.decrement("count", 2) == -2)',
    run: ({ key, delta, options: { ttl } }, place) =>
      checkDelta(place, "decrement", delta).decrement(key, delta, ttl === undefined ? {} : { ttl }),
  }),
  append: define({
    description: "Adds to the end of a text.",
    args: (z) => ({ key: z.string(), text: z.bytes() }),
    returns: "integer length",
    example: 'assert(state.append("log", "line") == 4)',
    run: ({ key, text }, place) => place.store().append(key, text),
  }),
  compare_swap: define({
    description: "Replaces a value if it is still the old one; an old nil means absent, a new nil deletes.",
    args: (z) => ({ key: z.string(), old: z.any(), new: z.any() }),
    returns: "boolean",
    example: 'assert(state.compare_swap("owner", nil, "me"))',
    aliases: ["compare_and_swap"],
    run({ key, old, new: next }, place, given) {
      // Forgotten, it would mean that the key must be absent, or goes.
      if (given < 3) {
        const name = given < 2 ? "old" : "new";
        throw wrongArgument(
          `${place.name}.compare_swap`,
          { index: given, name },
          "a value or nil",
          undefined,
        );
      }
      return place.store().compareSwap(key, old, next);
    },
  }),
  list_push: define({
    description: "Adds items to the end of a list.",
    args: (z) => ({ key: z.string(), "...items": z.any() }),
    returns: "integer length",
    example: 'assert(state.list_push("queue", "a", "b") == 2)',
    run: ({ key, items }, place) => place.store().listPush(key, ...items),
  }),
  list_pop: define({
    description: "Takes the last item, or nil.",
    args: (z) => ({ key: z.string() }),
    returns: "any",
    example: 'state.list_push("queue", 1, 2)  assert(state.list_pop("queue") == 2)',
    run: ({ key }, place) => place.store().listPop(key),
  }),
  list_shift: define({
    description: "Takes the first item, or nil.",
    args: (z) => ({ key: z.string() }),
    returns: "any",
    example: 'state.list_push("queue", 1, 2)  assert(state.list_shift("queue") == 1)',
    run: ({ key }, place) => place.store().listShift(key),
  }),
  list_length: define({
    description: "How many items a list has.",
    args: (z) => ({ key: z.string() }),
    returns: "integer",
    example: 'assert(state.list_length("queue") == 0)',
    effect: false,
    run: ({ key }, place) => place.store().listLength(key),
  }),
  list_range: define({
    description: "Items from one place to another, both inclusive; negative ones count from the end.",
    args: (z) => ({ key: z.string(), from: z.optional(z.number()), to: z.optional(z.number()) }),
    returns: "any[]",
    example: 'state.list_push("queue", 1, 2, 3)  assert(#state.list_range("queue", -2, -1) == 2)',
    effect: false,
    run: ({ key, from, to }, place) => place.store().listRange(key, from, to),
  }),
  rate_limit: define({
    description:
      "Counts a call: whether it is allowed, how many more are, and the seconds until the window ends, which begins with its first call.",
    args: (z) => ({ key: z.string(), max: z.integer(1), window: z.seconds("above zero") }),
    returns: ["boolean", "integer remaining", "number seconds"],
    example: 'assert(state.rate_limit("mails", 10, 60))',
    run: ({ key, max, window }, place) =>
      chain(
        place.store().rateLimit(key, max, window),
        ({ allowed, remaining, resetAfter }) => new Results([allowed, remaining, resetAfter]),
      ),
  }),
};

/** The store of a place, for a delta after which the number still is one. */
function checkDelta(place: Place, name: string, delta: LuaValue) {
  if (!Number.isNaN(delta)) return place.store();
  throw wrongArgument(`${place.name}.${name}`, { index: 1, name: "delta" }, "a number", delta);
}

function added(z: Words) {
  return {
    key: z.string(),
    delta: z.optional(z.numeric()),
    options: z.options({ ttl: z.optional(z.seconds("above zero")) }),
  };
}
