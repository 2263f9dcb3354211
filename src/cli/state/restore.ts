import type { Loaded } from "../../backends/backend.ts";
import { makeFolder } from "../../backends/sqlite/create.ts";
import { installStore } from "../../backends/sqlite/install.ts";
import { verifyFile } from "../../backends/sqlite/verify.ts";
import { needHome } from "../../config/home.ts";
import { draftBeside, removeDraft } from "../../lib/drafts.ts";
import { beforeEnding, letSignalsIn } from "../../lib/ending.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { dirname, join, resolve } from "../../lib/path.ts";
import { formatCount, plural } from "../../lib/text.ts";
import { fileOf } from "../../state/open.ts";
import { checkBackup, restoreEntries } from "../../state/transfer/restore.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { type Context, openContext } from "../context.ts";
import { NO_BACKUP, OUTPUT, STORE, YES } from "../options.ts";
import { asidePath, backupNote, losesAnything, withBackup } from "./safety.ts";

/** `runner state restore`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", description: 'What "state backup" has written' },
    ...NO_BACKUP,
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Checks the file as a whole, leaves a backup of what is there now, and then makes the store what
the file says: in one commit, which the history has and running processes see. Revisions go
on above those of both. A store that is damaged or gone is replaced by the file itself, with
the history in it; the damaged one is moved aside. Locks are not restored.`,
  examples: ["runner state backup state.backup && runner state restore state.backup --yes"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const file = resolve(args.file);
    const { entries } = await checkBackup(file);
    if (!args.yes) await confirm(`replace the state of agent "${context.agent}" by ${args.file}`);
    const result = await replaceState(file, context, { skip: args["no-backup"], entries });
    const { backup, written, same, removed } = result;
    if (out.format === "json") out.line(JSON.stringify({ written, same, removed, backup: backup ?? null }));
    else {
      const counts = `${plural(written, "value")} brought back, ${formatCount(same)} were as in it, ${formatCount(removed)} removed`;
      out.line(`Restored ${args.file}: ${counts}.${backupNote(backup)}`);
    }
    return 0;
  },
});

interface Restored {
  readonly written: number;
  readonly same: number;
  readonly removed: number;
  readonly backup: string | undefined;
}

/** Brings the entries into the store, or the file into its place where there is no store that could take them. */
async function replaceState(
  file: string,
  context: Context,
  options: { skip: boolean; entries: number },
): Promise<Restored> {
  const { store } = context;
  const { name, location } = store.backend;
  if (name !== "sqlite" || location === undefined) return restoreInto(file, context, options);
  if (!node.fs.existsSync(location)) return install(file, context, options);
  try {
    if (options.skip && (await verifyFile(location)).findings.length > 0)
      return install(file, context, options);
    return await restoreInto(file, context, options);
  } catch (error) {
    // The backup that is left before, which is checked, has found it.
    if (error instanceof RunnerError && error.code === "damaged") return install(file, context, options);
    throw error;
  }
}

async function restoreInto(file: string, context: Context, options: { skip: boolean }): Promise<Restored> {
  const { result, backup } = await withBackup(
    context,
    { why: "restore", ...options, loses: losesAnything },
    () => bringBack(file, context),
  );
  return { ...result, backup };
}

async function bringBack(file: string, { store, home }: Context): Promise<Loaded> {
  // Beside the store or in the home, where there is room for one like it.
  const near = fileOf(store.backend) ?? join(needHome(home), "state/local.db");
  const scratch = prepareScratch(near);
  const callOff = beforeEnding({ act: () => removeDraft(scratch), when: "always" });
  try {
    const loaded = await restoreEntries(file, store.backend, { by: store.writer, scratch });
    await letSignalsIn();
    return loaded;
  } finally {
    callOff();
  }
}

function prepareScratch(near: string): string {
  const folder = dirname(near);
  try {
    makeFolder(folder);
    node.fs.accessSync(folder, node.fs.constants.W_OK);
    return draftBeside(near);
  } catch (error) {
    const why = `cannot write to "${folder}" (${messageOf(error)})`;
    throw new RunnerError("unavailable", `Cannot restore: ${why}.`, { cause: error });
  }
}

async function install(file: string, context: Context, { entries }: { entries: number }): Promise<Restored> {
  const { store, home } = context;
  // What this process has open is about to move away.
  await store.close();
  const location = store.backend.location ?? "";
  const aside = node.fs.existsSync(location) ? asidePath(context, needHome(home)) : "";
  // Not to be ended between the two files' change of places.
  const callOff = beforeEnding({ act: () => undefined, when: "always" });
  try {
    const backup = installStore(file, location, aside);
    await letSignalsIn();
    return { written: entries, same: 0, removed: 0, backup };
  } finally {
    callOff();
  }
}
