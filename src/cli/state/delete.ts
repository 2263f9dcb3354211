import { plural } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE, YES } from "../options.ts";

/** `runner state delete`. */
export const command = defineCommand({
  args: {
    keys: { type: "positional", rest: true, description: "Keys to remove" },
    purge: { type: "boolean", description: "Remove their history as well, also of keys that are gone" },
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Asks first. A key that is absent is no error.
Without a terminal it needs --yes (exit 2, nothing removed).`,
  examples: [
    "runner state delete deploy:old --yes",
    "runner state delete deploy:old --purge --yes",
    "runner state delete no:such:key",
  ],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store } = context;
    const keys = [...new Set(args.keys)];
    const found: string[] = [];
    for (const key of keys) if (await store.exists(key)) found.push(key);
    const doomed = args.purge ? keys : found;
    const [only] = doomed;
    if (only !== undefined && !args.yes) {
      const what = doomed.length === 1 ? JSON.stringify(only) : plural(doomed.length, "key");
      await confirm(`remove ${what}${args.purge ? " with all that was ever there" : ""}`);
    }
    const deleted: string[] = [];
    for (const key of doomed) if (await store.delete(key, { purge: args.purge })) deleted.push(key);
    const absent = keys.filter((key) => !deleted.includes(key));
    if (out.format === "json") out.line(JSON.stringify({ deleted, absent }));
    else
      for (const key of keys)
        out.line(deleted.includes(key) ? `Removed ${show(key)}.` : `${show(key)} was not there.`);
    return 0;
  },
});

function show(key: string): string {
  return JSON.stringify(key);
}
