import { RunnerError } from "../../lib/errors.ts";
import type { Value } from "../../lib/value.ts";
import type { Store } from "../../state/store.ts";
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
    at: {
      type: "string",
      valueHint: "REVISION|TIME",
      description: "The value as of then: a revision, a date, or how long ago, such as 2h",
    },
    default: { type: "string", valueHint: "TEXT", description: "Print this when the key is absent" },
    ...OUTPUT,
    ...STORE,
  },
  details: `Prints the bare value: a string as it is, a number as Lua prints it, a table as JSON, then a
line end. Bytes that are not UTF-8 are printed as they are, without a line end; on a terminal,
the first of them in hex. An absent key is exit code 3.
${JSON_DETAILS}`,
  examples: [
    "runner state get deploy:version",
    "runner state get deploy:version --at 2",
    "runner state get no:such:key --default none",
  ],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store } = context;
    const value = await (args.at === undefined ? store.get(args.key) : valueAt(store, args.key, args.at));
    if (value === undefined && args.default !== undefined) {
      printValue(args.default, out);
      return 0;
    }
    if (value === undefined && args.at !== undefined) {
      const key = JSON.stringify(args.key);
      throw new RunnerError("not_found", `Cannot find ${key} as of ${args.at}: it had no value then.`);
    }
    if (value === undefined) throw await absentKey(args.key, context);
    printValue(value, out);
    return 0;
  },
});

async function valueAt(store: Store, key: string, moment: string): Promise<Value | undefined> {
  const { parseMoment } = await import("../../state/moment.ts");
  return store.getAt(key, parseMoment(moment, store.backend.now()));
}

function printValue(value: Value, out: Output): void {
  if (out.format === "json") out.line(JSON.stringify(toPlain(value)));
  else if (value instanceof Uint8Array && !out.terminal) out.raw(value);
  else out.line(bareText(value));
}
