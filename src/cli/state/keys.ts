import { escapeControls } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { parseCount } from "./select.ts";

/** `runner state keys`. */
export const command = defineCommand({
  args: {
    pattern: {
      type: "positional",
      required: false,
      description: "Only keys that match: * ? [a-z], \\ before one of these",
    },
    limit: { type: "string", valueHint: "N", description: "At most so many" },
    after: { type: "string", valueHint: "KEY", description: "Go on behind this key" },
    ...OUTPUT,
    ...STORE,
  },
  details:
    "Sorted, one a line; control characters in a key are shown as escapes (JSON has them as they are).",
  examples: [
    "runner state keys",
    "runner state keys 'deploy:*' -o json",
    "runner state keys --limit 2 --after deploy:count",
  ],
  async run({ args, out }) {
    const limit = args.limit === undefined ? undefined : parseCount(args.limit, "--limit");
    await using context = await openContext(args);
    const page = {
      ...(limit !== undefined && { limit: limit + 1 }),
      ...(args.after && { after: args.after }),
    };
    const found = await context.store.keys(args.pattern, page);
    const keys = found.slice(0, limit);
    if (out.format === "json") out.line(JSON.stringify(keys));
    else if (keys.length > 0) out.line(keys.map(escapeControls).join("\n"));
    if (out.format === "text" && found.length > keys.length) {
      out.note(`More: --after ${JSON.stringify(keys.at(-1))}`);
    }
    return 0;
  },
});
