import { RunnerError } from "../../lib/errors.ts";
import { formatNumber } from "../../lib/number.ts";
import { type Float, fromFloat, fromInteger, MAX_INTEGER, MIN_INTEGER } from "../../lib/value.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { toPlain } from "../json.ts";
import { OUTPUT, STORE } from "../options.ts";
import { parseTtl } from "./ttl-option.ts";

/** `runner state incr`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key of the number; absent counts as 0", completes: "key" },
    delta: {
      type: "positional",
      required: false,
      description: "What to add (1); may be negative or a fraction",
    },
    ttl: { type: "string", valueHint: "DURATION", description: "Expire after it, when the key was absent" },
    ...OUTPUT,
    ...STORE,
  },
  details: "Prints the new number. Safe beside other writers.",
  examples: [
    "runner state incr deploy:count",
    "runner state incr deploy:count -5",
    "runner state incr hits 1 --ttl 1h",
  ],
  async run({ args, out }) {
    const delta = args.delta === undefined ? 1 : parseDelta(args.delta);
    const ttl = args.ttl === undefined ? undefined : parseTtl(args.ttl);
    await using context = await openContext(args);
    const number = await context.store.increment(args.key, delta, ttl === undefined ? {} : { ttl });
    out.line(out.format === "json" ? JSON.stringify(toPlain(number)) : formatNumber(number));
    return 0;
  },
});

function parseDelta(text: string): number | bigint | Float {
  if (/^[+-]?\d+$/.test(text)) {
    const integer = BigInt(text);
    if (integer >= MIN_INTEGER && integer <= MAX_INTEGER) return fromInteger(integer);
    throw new RunnerError("overflow", `Cannot add ${text}: it does not fit into 64 bits.`);
  }
  const float = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(float)) return fromFloat(float);
  throw new RunnerError("not_a_number", `Cannot add "${text}": it is not a number.`);
}
