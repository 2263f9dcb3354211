import type { Backend, Writer } from "../../backends/backend.ts";
import { checkFilesystem } from "../../backends/sqlite/filesystem.ts";
import { installStore } from "../../backends/sqlite/install.ts";
import { draftBeside, removeDraft } from "../../lib/drafts.ts";
import { beforeEnding, letSignalsIn } from "../../lib/ending.ts";
import { node } from "../../lib/node.ts";
import { writeBackup } from "./backup.ts";

/**
 * Makes a store a database file at `path`, with its history and revisions, as of one moment; without its locks, whose
 * holders hold nothing there. False, and nothing is done, where the engine cannot or something is there already.
 */
export async function copyWhole(from: Backend, path: string, by: Writer): Promise<boolean> {
  if (from.backup === undefined || node.fs.existsSync(path)) return false;
  checkFilesystem(path);
  const copy = draftBeside(path);
  const callOff = beforeEnding({ act: () => removeDraft(copy), when: "always" });
  try {
    await writeBackup(from, copy, { by, check: "structure" });
    await letSignalsIn();
    installStore(copy, path, "");
    return true;
  } finally {
    removeDraft(copy);
    callOff();
  }
}
