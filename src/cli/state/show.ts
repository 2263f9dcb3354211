import { escapeControls, formatCount } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { JSON_DETAILS, OUTPUT, STORE } from "../options.ts";
import { bareText, formatAge, formatExpiry } from "../preview.ts";
import { renderFacts } from "../table.ts";
import { absentKey } from "./absent.ts";
import { entryToJson, formatTime } from "./entries.ts";

/** `runner state show`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key of the entry", completes: "key" },
    ...OUTPUT,
    ...STORE,
  },
  details: JSON_DETAILS,
  examples: ["runner state show deploy:version", "runner state show deploy:version -o json"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const entry = await context.store.show(args.key);
    if (entry === undefined) throw await absentKey(args.key, context);
    if (out.format === "json") {
      out.line(JSON.stringify(entryToJson(entry), undefined, 2));
      return 0;
    }
    const facts: [string, string][] = [
      ["key", escapeControls(entry.key)],
      ["type", entry.type],
      ["value", escapeControls(bareText(entry.value))],
      ["revision", formatCount(entry.revision)],
      ["expires", formatExpiry(entry.ttl)],
      ["created", formatTime(entry.createdAt)],
      ["changed", `${formatTime(entry.updatedAt)} (${formatAge(entry.updatedAt, Date.now())})`],
    ];
    out.line(renderFacts(facts, out.style));
    return 0;
  },
});
