import { escapeControls } from "../../lib/text.ts";
import type { ShownEntry } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { formatAge, formatExpiry, MASK, previewValue } from "../preview.ts";
import { secretMatcher } from "../secrets.ts";
import { renderTable } from "../table.ts";
import { entriesWithPrefix, entryToJson } from "./entries.ts";

const COLUMNS = [
  { title: "KEY" },
  { title: "TYPE" },
  { title: "VALUE", flexible: true },
  { title: "EXPIRES" },
  { title: "CHANGED" },
] as const;

/** `runner state list`. */
export const command = defineCommand({
  args: {
    prefix: { type: "positional", required: false, description: "Only keys that begin with it, literally" },
    ...OUTPUT,
    ...STORE,
  },
  details: `Values are cut to the width of the terminal, whole elsewhere. Those of keys that match
secrets.patterns are masked (null in JSON); "state get" and "state show" print them.`,
  examples: ["runner state list", "runner state list deploy -o json"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const isSecret = secretMatcher(context.config.settings["secrets.patterns"]);
    const entries = await entriesWithPrefix(context.store, args.prefix ?? "");
    if (out.format === "json") {
      out.line(toJsonLines(entries.map((entry) => entryToJson(entry, { masked: isSecret(entry.key) }))));
    } else if (entries.length > 0) {
      const rows = entries.map((entry) => toRow(entry, isSecret(entry.key)));
      out.line(renderTable(COLUMNS, rows, out));
    } else {
      out.note(
        args.prefix === undefined
          ? "There are no keys."
          : `No key begins with ${JSON.stringify(args.prefix)}.`,
      );
    }
    return 0;
  },
});

function toRow(entry: ShownEntry, secret: boolean): string[] {
  return [
    escapeControls(entry.key),
    entry.type,
    secret ? MASK : previewValue(entry.value),
    formatExpiry(entry.ttl),
    formatAge(entry.updatedAt, Date.now()),
  ];
}

/** An array with one entry a line: a document for programs that `grep` can read too. */
function toJsonLines(entries: readonly unknown[]): string {
  if (entries.length === 0) return "[]";
  return `[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]`;
}
