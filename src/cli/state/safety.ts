import type { Loaded } from "../../backends/backend.ts";
import { removeStore } from "../../backends/sqlite/create.ts";
import { needHome } from "../../config/home.ts";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { fileOf } from "../../state/open.ts";
import { writeBackup } from "../../state/transfer/backup.ts";
import type { Context } from "../context.ts";

interface Precaution<R> {
  /** What is about to happen, as the backup's name says it. */
  readonly why: string;
  /** Whether no backup is wanted. */
  readonly skip: boolean;
  /** Whether what `work` came to has lost anything that the backup has. */
  readonly loses: (result: R) => boolean;
}

/**
 * Leaves a backup of the store in `<home>/backups`, does something that history cannot give back, and removes the
 * oldest backups of its kind over `state.backups.keep`. One before which nothing was lost is not kept: it would push
 * out those that are of use. The file's path is absent where there is none: it is not wanted, the store does not
 * outlive its process, or it has no keys.
 */
export async function withBackup<R>(
  context: Context,
  precaution: Precaution<R>,
  work: () => R | Promise<R>,
): Promise<{ result: R; backup: string | undefined }> {
  const file = await leaveBackup(context, precaution);
  if (file === undefined) return { result: await work(), backup: undefined };
  try {
    const result = await work();
    if (!precaution.loses(result)) {
      removeStore(file);
      return { result, backup: undefined };
    }
    const name = nameOf(context);
    const automatic = listBackups(node.path.dirname(file), name, "before-[a-z]+");
    for (const old of automatic.slice(0, -context.config.settings["state.backups.keep"])) removeStore(old);
    return { result, backup: file };
  } catch (error) {
    // What was to be done was wrong in itself, so nothing of it was.
    if (error instanceof RunnerError && error.code === "invalid") removeStore(file);
    throw error;
  }
}

/** Whether a load has written over or removed something, or may have. */
export function losesAnything({ written, removed }: Loaded): boolean {
  return written + removed > 0;
}

/** The backups of a store that were left automatically, the oldest first. */
export function automaticBackups(context: Context): string[] {
  if (context.home === undefined) return [];
  return listBackups(node.path.join(context.home, "backups"), nameOf(context), "(before-[a-z]+|damaged)");
}

async function leaveBackup(
  context: Context,
  { why, skip }: { why: string; skip: boolean },
): Promise<string | undefined> {
  const { store, config, home } = context;
  const keep = config.settings["state.backups.keep"];
  const { backend } = store;
  if (skip || keep === 0 || !backend.durable || (await store.stats()).revision === 0) return undefined;
  try {
    const folder = node.path.join(needHome(home), "backups");
    node.fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = node.path.join(folder, `${nameOf(context)}-${stamp(Date.now())}-before-${why}.db`);
    // What is damaged shows when it is to be restored; a restore has to know before.
    await writeBackup(backend, file, { by: store.writer, check: why === "restore" ? "all" : "structure" });
    return file;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = `${error.message.replace(/\.$/, "")}. Nothing was changed; --no-backup does it without a backup.`;
    throw new RunnerError(error instanceof RunnerError ? error.code : "unavailable", message, {
      cause: error,
    });
  }
}

/** Where a store that is beyond use goes: into the folder of backups, which keeps it until somebody removes it. */
export function asidePath(context: Context, home: string): string {
  const folder = node.path.join(home, "backups");
  node.fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return node.path.join(folder, `${nameOf(context)}-${stamp(Date.now())}-damaged.db`);
}

/** What a note says of a backup that was left. */
export function backupNote(file: string | undefined): string {
  return file === undefined ? "" : ` What was there before is in ${file}.`;
}

/** The agent; for a database file given by its path, that file's name. */
function nameOf({ store, agent }: Context): string {
  const file = fileOf(store.backend);
  const name = file === undefined ? agent : node.path.basename(file);
  return name.replace(/\.db$/, "").replace(/[^A-Za-z0-9._-]/g, "_");
}

/** Sorts as time does: 20261121T201407123. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.Z]/g, "");
}

/** Paths of the backups in a folder that belong to a store of this name, the oldest first. */
function listBackups(folder: string, name: string, kinds: string): string[] {
  if (!node.fs.existsSync(folder)) return [];
  const ours = new RegExp(`^${name.replace(/[.]/g, "\\.")}-\\d{8}T\\d{9}-${kinds}\\.db$`);
  const files = node.fs.readdirSync(folder).filter((file) => ours.test(file));
  return files.sort().map((file) => node.path.join(folder, file));
}
