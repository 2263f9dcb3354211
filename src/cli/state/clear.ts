import { plural } from "../../lib/text.ts";
import type { Store } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { openContext } from "../context.ts";
import { NO_BACKUP, OUTPUT, STORE, YES } from "../options.ts";
import { backupNote, withBackup } from "./safety.ts";

/** `runner state clear`. */
export const command = defineCommand({
  args: {
    pattern: {
      type: "positional",
      required: false,
      description: "Only keys that match: * ? [a-z]; all without it",
    },
    ...NO_BACKUP,
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Asks first, leaves a backup, then removes all of them or none.
Without a terminal it needs --yes (exit 2, nothing removed).`,
  examples: ["runner state clear 'tmp:*' --yes"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store, agent } = context;
    const count = args.yes
      ? await countUpToOne(store, args.pattern)
      : (await store.keys(args.pattern)).length;
    if (count === 0) {
      if (out.format === "json") out.line(JSON.stringify({ removed: 0, backup: null }));
      else out.line("There is nothing to remove.");
      return 0;
    }
    if (!args.yes) await confirm(`remove ${plural(count, "key")} of agent "${agent}"`);
    const { result: removed, backup } = await withBackup(
      context,
      { why: "clear", skip: args["no-backup"], loses: (count) => count > 0 },
      () => store.clear(args.pattern),
    );
    if (out.format === "json") out.line(JSON.stringify({ removed, backup: backup ?? null }));
    else out.line(`Removed ${plural(removed, "key")}.${backupNote(backup)}`);
    return 0;
  },
});

async function countUpToOne(store: Store, pattern = "*"): Promise<number> {
  return (await store.scan(pattern, { limit: 1 })).entries.length;
}
