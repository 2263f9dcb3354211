import { RunnerError } from "../../lib/errors.ts";
import { plural } from "../../lib/text.ts";
import type { Store } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE, YES } from "../options.ts";
import type { Output } from "../output.ts";
import { automaticBackups } from "./safety.ts";

/** `runner state delete`. */
export const command = defineCommand({
  args: {
    keys: { type: "positional", rest: true, description: "Keys to remove" },
    purge: { type: "boolean", description: "Remove their history as well, also of keys that are gone" },
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Asks first. A key that is absent is no error.
Without a terminal it needs --yes (exit 2, nothing removed).`,
  examples: [
    "runner state delete deploy:old --yes",
    "runner state delete deploy:old --purge --yes",
    "runner state delete no:such:key",
  ],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store } = context;
    const keys = [...new Set(args.keys)];
    const found: string[] = [];
    for (const key of keys) if (await store.exists(key)) found.push(key);
    const doomed = args.purge ? keys : found;
    const [only] = doomed;
    if (only !== undefined && !args.yes) {
      const what = doomed.length === 1 ? JSON.stringify(only) : plural(doomed.length, "key");
      await confirm(`remove ${what}${args.purge ? " with all that was ever there" : ""}`);
    }
    const deleted: string[] = [];
    const forgotten: string[] = [];
    for (const key of doomed) {
      const known = args.purge && (await hasVersions(store, key));
      if (await store.delete(key, { purge: args.purge })) deleted.push(key);
      else if (known) forgotten.push(key);
    }
    if (args.purge && deleted.length + forgotten.length > 0) await closeGaps(store, out);
    const absent = keys.filter((key) => !deleted.includes(key));
    if (out.format === "json") {
      out.line(JSON.stringify({ deleted, absent, ...(args.purge && { forgotten }) }));
    } else {
      for (const key of keys) {
        const name = JSON.stringify(key);
        if (deleted.includes(key)) out.line(`Removed ${name}${args.purge ? " with its history" : ""}.`);
        else if (forgotten.includes(key))
          out.line(`Removed the history of ${name}, which was not there any more.`);
        else out.line(`${name} was not there.`);
      }
    }
    if (args.purge) noteBackups(automaticBackups(context), out);
    return 0;
  },
});

/** Whether the history has values of a key. */
async function hasVersions(store: Store, key: string): Promise<boolean> {
  try {
    return (await store.history(key)).some(({ kind }) => kind === "put");
  } catch (error) {
    if (error instanceof RunnerError && error.code === "damaged") return true;
    throw error;
  }
}

/** What was written over before the purge is still in gaps of the file. */
async function closeGaps({ backend }: Store, out: Output): Promise<void> {
  try {
    await backend.compact?.();
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    out.note("The purge has landed, but older bytes may still be in gaps of the file: runner state compact");
  }
}

/** A purge does not reach what was copied before. */
function noteBackups(files: readonly string[], out: Output): void {
  const [first] = files;
  if (first === undefined) return;
  const they = files.length === 1 ? "it" : "they";
  const backups = plural(files.length, "automatic backup");
  out.note(
    `${backups} may still hold what was purged: remove ${first}${files.length === 1 ? "" : " and the others beside it"} if ${they} must not.`,
  );
}
