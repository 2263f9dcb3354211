import { RunnerError } from "../../lib/errors.ts";
import { isTerminal, STDIN } from "../../lib/stdio.ts";
import type { Value } from "../../lib/value.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { parseJson } from "../json.ts";
import { JSON_DETAILS, OUTPUT, STORE } from "../options.ts";
import { readStdin } from "../stdin.ts";
import { entryToJson } from "./entries.ts";
import { parseTtl } from "./ttl-option.ts";

/** `runner state set`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key to store it under", completes: "key" },
    value: { type: "positional", required: false, description: 'The value; from stdin when absent or "-"' },
    json: {
      type: "boolean",
      description: "VALUE is JSON and gets its type: a number, true, a table, a list",
    },
    ttl: {
      type: "string",
      valueHint: "DURATION",
      description: "Expire after it, such as 30s or 7d; without it, never",
    },
    ...OUTPUT,
    ...STORE,
  },
  details: `Without --json the value is a string. From stdin, one line end at the end of text is dropped,
and what is not UTF-8 is stored as bytes. A value that begins with a dash, unless it is a
negative number, follows "--".
${JSON_DETAILS}`,
  examples: [
    "runner state set deploy:version v1.3.0",
    `runner state set limits --json '{"cpu":4,"hosts":["a","b"]}'`,
    "echo from a pipe | runner state set note --ttl 7d",
    "runner state set flag -- --verbose",
  ],
  async run({ args, out }) {
    const ttl = args.ttl === undefined ? undefined : parseTtl(args.ttl);
    const value = readValue(args);
    await using context = await openContext(args);
    await context.store.set(args.key, value, ttl);
    if (out.format === "json") {
      const entry = await context.store.show(args.key);
      out.line(JSON.stringify(entry === undefined ? null : entryToJson(entry), undefined, 2));
    }
    return 0;
  },
});

function readValue({ key, value, json }: { key: string; value: string | undefined; json: boolean }): Value {
  if (value === undefined && isTerminal(STDIN)) {
    throw new RunnerError(
      "usage",
      `Cannot set "${key}": VALUE is missing. Give it after the key, or pipe it in.`,
    );
  }
  const text = value === undefined || value === "-" ? readStdin() : value;
  if (!json) return text;
  if (typeof text !== "string") {
    throw new RunnerError("bad_value", `Cannot set "${key}": stdin is not UTF-8, which JSON has to be.`);
  }
  return parseJson(text);
}
