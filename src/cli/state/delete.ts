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
    keys: { type: "positional", rest: true, description: "Keys to remove", completes: "key" },
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
    const { deleted, forgotten } = await remove(store, doomed, args);
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

/** Removes keys, in one commit when their history goes as well: which were there, and of which there was only history. */
async function remove(
  store: Store,
  keys: readonly string[],
  { purge }: { readonly purge: boolean },
): Promise<{ deleted: string[]; forgotten: string[] }> {
  const deleted: string[] = [];
  if (!purge) {
    for (const key of keys) if (await store.delete(key)) deleted.push(key);
    return { deleted, forgotten: [] };
  }
  const known: string[] = [];
  for (const key of keys) if (await hasVersions(store, key)) known.push(key);
  if (keys.length > 0) {
    await store.transaction(async (tx) => {
      deleted.length = 0;
      for (const key of keys) if (await tx.delete(key, { purge })) deleted.push(key);
    });
  }
  return { deleted, forgotten: known.filter((key) => !deleted.includes(key)) };
}

/** Whether the history has values of a key. */
async function hasVersions(store: Store, key: string): Promise<boolean> {
  try {
    return (await store.history(key)).some(({ kind }) => kind === "put");
  } catch (error) {
    if (error instanceof RunnerError && error.code === "damaged") return true;
    throw error;
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
