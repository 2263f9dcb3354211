import { RunnerError } from "../../lib/errors.ts";
import { formatCount } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { absentKey } from "./absent.ts";
import { parseTtl } from "./ttl-option.ts";

/** What `get_ttl` says of a key that is not there, and of one that does not expire. */
const ABSENT = -2;
const FOREVER = -1;

/** `runner state ttl`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key of the entry", completes: "key" },
    duration: { type: "positional", required: false, description: "Expire after it, such as 30s or 7d" },
    remove: { type: "boolean", description: "Never expire" },
    ...OUTPUT,
    ...STORE,
  },
  details: "Prints the whole seconds left; changes them first when told to. An absent key is exit code 3.",
  examples: [
    "runner state ttl deploy:version",
    "runner state ttl deploy:version 7d",
    "runner state ttl deploy:version --remove",
  ],
  async run({ args, out }) {
    const seconds = wanted(args);
    await using context = await openContext(args);
    const { store } = context;
    if (seconds !== undefined) await store.setTtl(args.key, seconds);
    const left = await store.getTtl(args.key);
    if (left === ABSENT) throw await absentKey(args.key, context);
    const ttl = left === FOREVER ? null : left;
    if (out.format === "json") out.line(JSON.stringify({ key: args.key, ttl }));
    else out.line(ttl === null ? "does not expire" : `${formatCount(ttl)} s`);
    return 0;
  },
});

/** Seconds to set, 0 to remove the expiry, undefined to leave it. */
function wanted({ duration, remove }: { duration: string | undefined; remove: boolean }): number | undefined {
  if (!remove) return duration === undefined ? undefined : parseTtl(duration);
  if (duration === undefined) return 0;
  throw new RunnerError("usage", `Cannot use "--remove" and "${duration}" together. Leave one of them out.`);
}
