import { peek } from "../../backends/sqlite/peek.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { Value } from "../../lib/value.ts";
import { checkKey } from "../../state/key.ts";
import type { Store } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { type ContextOptions, openContext, placeStore, type Settled, settle } from "../context.ts";
import { JSON_DETAILS, OUTPUT, STORE } from "../options.ts";
import type { Output } from "../output.ts";

/** `runner state get`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key of the value", completes: "key" },
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
    const settled = await settle(args);
    const value = (await peekValue(args, settled)) ?? (await askStore(args, settled));
    if (typeof value === "string" && out.format === "text") out.line(value);
    else await printOther(value, out);
    return 0;
  },
});

/** What the command line asks for. */
interface Asked extends ContextOptions {
  readonly key: string;
  readonly at?: string | undefined;
  readonly default?: string | undefined;
}

/** The value in a store that is a file, with as little as that takes; undefined where the answer takes more. */
async function peekValue(asked: Asked, settled: Settled): Promise<Value | undefined> {
  const { backend, path } = placeStore(asked, settled);
  if (backend !== "sqlite" || asked.at !== undefined) return undefined;
  checkKey(asked.key);
  const entry = peek(path, { space: "data", key: asked.key }, Date.now());
  if (entry === undefined) return undefined;
  const { type, data } = entry.value;
  // What most values are is stored as it is.
  return type === "string" ? data : (await import("../../state/codec.ts")).decode(entry.value);
}

/** Any other answer; raises `not_found` when there is none. */
async function askStore(asked: Asked, settled: Settled): Promise<Value> {
  await using context = await openContext(asked, settled);
  const { store } = context;
  const { key, at } = asked;
  const value = (await (at === undefined ? store.get(key) : valueAt(store, key, at))) ?? asked.default;
  if (value !== undefined) return value;
  if (at !== undefined) {
    throw new RunnerError(
      "not_found",
      `Cannot find ${JSON.stringify(key)} as of ${at}: it had no value then.`,
    );
  }
  const { absentKey } = await import("./absent.ts");
  throw await absentKey(key, context);
}

async function valueAt(store: Store, key: string, moment: string): Promise<Value | undefined> {
  const { parseMoment } = await import("../../state/moment.ts");
  return store.getAt(key, parseMoment(moment, store.backend.now()));
}

/** Apart: a function that names `Uint8Array` has it made when it is first called, whether it comes to it or not. */
async function printOther(value: Value, out: Output): Promise<void> {
  if (out.format === "json") {
    const { toPlain } = await import("../json.ts");
    out.line(JSON.stringify(toPlain(value)));
  } else if (value instanceof Uint8Array && !out.terminal) out.raw(value);
  else out.line((await import("../preview.ts")).bareText(value));
}
