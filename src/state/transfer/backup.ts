import type { Backend, Writer } from "../../backends/backend.ts";
import { describeFinding, findFault, verifyFile } from "../../backends/sqlite/verify.ts";
import { draftBeside, removeDraft } from "../../lib/drafts.ts";
import { beforeEnding, letSignalsIn } from "../../lib/ending.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { failpoint } from "../../lib/failpoint.ts";
import { node } from "../../lib/node.ts";
import { openBackend } from "../open.ts";
import { copyEntries } from "./copy.ts";

export interface BackupOptions {
  readonly by: Writer;
  /** `all` that is in the copy, or its `structure` alone, which takes a fraction of the time. */
  readonly check: "all" | "structure";
  /** Told how many rows of the copy were checked since the last time. */
  readonly progress?: (rows: number) => void;
}

/**
 * Writes a store into a file of the sqlite backend (mode 0600), which is checked before it gets its name. A signal that
 * ends this process leaves nothing of it. Raises `bad_argument` where something is already, `unavailable` where it cannot be written, `damaged` when the store is.
 */
export async function writeBackup(
  backend: Backend,
  file: string,
  { by, check, progress }: BackupOptions,
): Promise<void> {
  const { existsSync, linkSync } = node.fs;
  if (existsSync(file)) {
    throw new RunnerError(
      "bad_argument",
      `Cannot write "${file}": something is there already. Name another file, or remove it first.`,
    );
  }
  const draft = draftBeside(file);
  const callOff = beforeEnding({ act: () => removeDraft(draft), when: "always" });
  try {
    if (backend.backup !== undefined) await backend.backup(draft);
    else {
      const copy = await openBackup(draft);
      try {
        await copyEntries({ from: backend, to: copy, by });
      } finally {
        await copy.close();
      }
    }
    failpoint("backup.written");
    await letSignalsIn();
    const fault = check === "all" ? await findAnyFault(draft, progress) : findFault(draft);
    if (fault !== undefined) {
      throw new RunnerError("damaged", `Cannot back up the store: ${fault}. See: runner state verify`);
    }
    await letSignalsIn();
    failpoint("backup.verified");
    linkSync(draft, file);
  } catch (error) {
    // Nobody knows the draft, which is gone by now.
    const code = error instanceof RunnerError ? error.code : "unavailable";
    throw new RunnerError(code, messageOf(error).replaceAll(draft, file), { cause: error });
  } finally {
    removeDraft(draft);
    callOff();
  }
}

async function findAnyFault(file: string, progress?: (rows: number) => void): Promise<string | undefined> {
  const [finding] = (await verifyFile(file, progress)).findings;
  return finding && describeFinding(finding);
}

/** A backup as a backend. It is opened as a store is, so it should be a copy that may be written to. */
export function openBackup(file: string): Promise<Backend> {
  return openBackend({ backend: "sqlite", path: file, durability: "full", busyTimeout: 0 });
}
