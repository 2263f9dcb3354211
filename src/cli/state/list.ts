import { exitCodeOf, RunnerError } from "../../lib/errors.ts";
import { escapeControls } from "../../lib/text.ts";
import { VALUE_TYPES } from "../../lib/value.ts";
import { MASK } from "../../modules/secrets.ts";
import type { ShownEntry } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import type { Output } from "../output.ts";
import { formatAge, formatExpiry, previewValue } from "../preview.ts";
import { secretMatcher } from "../secrets.ts";
import { renderTable } from "../table.ts";
import { entriesWithPrefix, entryToJson } from "./entries.ts";
import { parseCount, type SortName, selectEntries } from "./select.ts";

const COLUMNS = [
  { title: "KEY" },
  { title: "TYPE" },
  { title: "VALUE", flexible: true },
  { title: "EXPIRES" },
  { title: "CHANGED" },
] as const;

/** The exit code of a store with damage. */
const DAMAGED = exitCodeOf("damaged");

/** `runner state list`. */
export const command = defineCommand({
  args: {
    prefix: {
      type: "positional",
      required: false,
      description: "Only keys that begin with it, literally",
      completes: "key",
    },
    limit: { type: "string", valueHint: "N", description: "At most so many" },
    after: { type: "string", valueHint: "KEY", description: "Go on behind this key" },
    type: { type: "enum", options: VALUE_TYPES, description: "Only values of this type" },
    sort: {
      type: "enum",
      options: ["key", "size", "changed", "expires"],
      description: "The largest, newest, or first to expire come first",
    },
    ...OUTPUT,
    ...STORE,
  },
  details: `Values are cut to the width of the terminal, whole elsewhere. Those of keys that match
secrets.patterns are masked (null in JSON); "state get" and "state show" print them.
--after goes with the order of the keys alone: with --limit it turns the pages.`,
  examples: [
    "runner state list",
    "runner state list deploy -o json",
    "runner state list --limit 2 --after deploy:count",
    "runner state list --sort changed --limit 10 --type string",
  ],
  async run({ args, out }) {
    const sort: SortName = args.sort ?? "key";
    const limit = args.limit === undefined ? undefined : parseCount(args.limit, "--limit");
    if (args.after !== undefined && sort !== "key") {
      throw new RunnerError("usage", `Cannot use "--after" with "--sort ${sort}". Leave one of them out.`);
    }
    await using context = await openContext(args);
    const isSecret = secretMatcher(context.config.settings["secrets.patterns"]);
    const damaged: string[] = [];
    const { entries, more } = await selectEntries(
      entriesWithPrefix(context.store, {
        prefix: args.prefix ?? "",
        after: args.after,
        damaged: (key) => damaged.push(key),
      }),
      { type: args.type, sort, limit },
    );
    if (out.format === "json") {
      out.line(toJsonLines(entries.map((entry) => entryToJson(entry, { masked: isSecret(entry.key) }))));
    } else if (entries.length > 0) {
      const rows = entries.map((entry) => toRow(entry, isSecret(entry.key), out));
      out.line(renderTable(COLUMNS, rows, out));
      if (more && sort === "key") out.note(`More: --after ${JSON.stringify(entries.at(-1)?.key)}`);
    } else if (damaged.length === 0) {
      out.note(
        args.type !== undefined || args.after !== undefined
          ? "There are no such keys."
          : args.prefix === undefined
            ? "There are no keys."
            : `No key begins with ${JSON.stringify(args.prefix)}.`,
      );
    }
    for (const key of damaged) {
      out.note(`Cannot read ${JSON.stringify(key)}: what is stored there is not what was written. Left out.`);
    }
    if (damaged.length === 0) return 0;
    out.note(
      "Bring back a backup, or set or delete what is named. See all that is damaged: runner state verify",
    );
    return DAMAGED;
  },
});

function toRow(entry: ShownEntry, secret: boolean, { width }: Output): string[] {
  return [
    escapeControls(entry.key),
    entry.type,
    secret ? MASK : width === undefined ? previewValue(entry.value, Infinity) : previewValue(entry.value),
    formatExpiry(entry.ttl),
    formatAge(entry.updatedAt, Date.now()),
  ];
}

/** An array with one entry a line: a document for programs that `grep` can read too. */
function toJsonLines(entries: readonly unknown[]): string {
  if (entries.length === 0) return "[]";
  return `[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]`;
}
