import type { Value } from "../../lib/value.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { JSON_DETAILS, toPlain } from "../json.ts";
import { OUTPUT, STORE } from "../options.ts";
import type { Output } from "../output.ts";
import { bareText } from "../preview.ts";
import { absentKey } from "./absent.ts";

/** `runner state get`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key of the value" },
    default: { type: "string", valueHint: "TEXT", description: "Print this when the key is absent" },
    ...OUTPUT,
    ...STORE,
  },
  details: `Prints the bare value: a string as it is, a number as Lua prints it, a table as JSON, then a
line end. Bytes that are not UTF-8 are printed as they are, without a line end; on a terminal,
the first of them in hex. An absent key is exit code 3.
${JSON_DETAILS}`,
  examples: ["runner state get deploy:version", "runner state get no:such:key --default none"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const value = (await context.store.get(args.key)) ?? args.default;
    if (value === undefined) throw await absentKey(args.key, context);
    printValue(value, out);
    return 0;
  },
});

function printValue(value: Value, out: Output): void {
  if (out.format === "json") out.line(JSON.stringify(toPlain(value)));
  else if (value instanceof Uint8Array && !out.terminal) out.raw(value);
  else out.line(bareText(value));
}
