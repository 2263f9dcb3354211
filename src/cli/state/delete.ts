import { plural } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE, YES } from "../options.ts";

/** `runner state delete`. */
export const command = defineCommand({
  args: {
    keys: { type: "positional", rest: true, description: "Keys to remove" },
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Asks first. A key that is absent is no error.
Without a terminal it needs --yes (exit 2, nothing removed).`,
  examples: ["runner state delete deploy:old --yes", "runner state delete no:such:key"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store } = context;
    const keys = [...new Set(args.keys)];
    const found: string[] = [];
    for (const key of keys) if (await store.exists(key)) found.push(key);
    const [only] = found;
    if (only !== undefined && !args.yes) {
      await confirm(`remove ${found.length === 1 ? JSON.stringify(only) : plural(found.length, "key")}`);
    }
    const deleted: string[] = [];
    for (const key of found) if (await store.delete(key)) deleted.push(key);
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
