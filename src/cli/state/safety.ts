import { needHome } from "../../config/home.ts";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { fileOf } from "../../state/open.ts";
import { writeBackup } from "../../state/transfer/backup.ts";
import type { Context } from "../context.ts";

/**
 * Leaves a backup of the store in `<home>/backups`, before something that history cannot give back, and removes the
 * oldest of its kind over `state.backups.keep`. The file's path; undefined where there is nothing to keep: the backup
 * is not wanted, the store does not outlive its process, or it has no keys.
 */
export async function leaveBackup(
  context: Context,
  { why, skip }: { why: string; skip: boolean },
): Promise<string | undefined> {
  const { store, config, home, agent } = context;
  const keep = config.settings["state.backups.keep"];
  const { backend } = store;
  if (skip || keep === 0 || !backend.durable || (await store.stats()).revision === 0) return undefined;
  try {
    const folder = node.path.join(needHome(home), "backups");
    node.fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = nameOf(context, agent);
    const file = node.path.join(folder, `${name}-${stamp(Date.now())}-before-${why}.db`);
    // What is damaged shows when it is to be restored; a restore has to know before.
    await writeBackup(backend, file, { by: store.writer, check: why === "restore" ? "all" : "structure" });
    prune(folder, name, keep);
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
  return node.path.join(folder, `${nameOf(context, context.agent)}-${stamp(Date.now())}-damaged.db`);
}

/** What a note says of a backup that was left. */
export function backupNote(file: string | undefined): string {
  return file === undefined ? "" : ` What was there before is in ${file}.`;
}

/** The agent; for a database file given by its path, that file's name. */
function nameOf({ store }: Context, agent: string): string {
  const file = fileOf(store.backend);
  const name = file === undefined ? agent : node.path.basename(file);
  return name.replace(/\.db$/, "").replace(/[^A-Za-z0-9._-]/g, "_");
}

/** Sorts as time does: 20261121T201407123. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.Z]/g, "");
}

function prune(folder: string, name: string, keep: number): void {
  const ours = new RegExp(`^${name.replace(/[.]/g, "\\.")}-\\d{8}T\\d{9}-before-[a-z]+\\.db$`);
  const files = node.fs
    .readdirSync(folder)
    .filter((file) => ours.test(file))
    .sort();
  for (const old of files.slice(0, Math.max(0, files.length - keep))) {
    node.fs.rmSync(node.path.join(folder, old), { force: true });
  }
}
