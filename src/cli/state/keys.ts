import { escapeControls } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";

/** `runner state keys`. */
export const command = defineCommand({
  args: {
    pattern: {
      type: "positional",
      required: false,
      description: "Only keys that match: * ? [a-z], \\ before one of these",
    },
    ...OUTPUT,
    ...STORE,
  },
  details:
    "Sorted, one a line; control characters in a key are shown as escapes (JSON has them as they are).",
  examples: ["runner state keys", "runner state keys 'deploy:*' -o json"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const keys = await context.store.keys(args.pattern);
    if (out.format === "json") out.line(JSON.stringify(keys));
    else if (keys.length > 0) out.line(keys.map(escapeControls).join("\n"));
    return 0;
  },
});
