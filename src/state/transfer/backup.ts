import type { Backend, Writer } from "../../backends/backend.ts";
import { verifyFile } from "../../backends/sqlite/verify.ts";
import { messageOf, RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { openBackend } from "../open.ts";
import { copyEntries } from "./copy.ts";

/**
 * Writes a store into a file of the sqlite backend (mode 0600), which is checked before it gets its name. Raises
 * `bad_argument` where something is already, `unavailable` where it cannot be written, `damaged` when the store is.
 */
export async function writeBackup(backend: Backend, file: string, by: Writer): Promise<void> {
  const { existsSync, linkSync, rmSync } = node.fs;
  if (existsSync(file)) {
    throw new RunnerError(
      "bad_argument",
      `Cannot write "${file}": something is there already. Name another file, or remove it first.`,
    );
  }
  const draft = `${file}.${process.pid}.tmp`;
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
    const [finding] = verifyFile(draft).findings;
    if (finding !== undefined) {
      throw new RunnerError(
        "damaged",
        `Cannot back up the store: ${finding.where}: ${finding.what}. See: runner state verify`,
      );
    }
    linkSync(draft, file);
  } catch (error) {
    // Nobody knows the draft, which is gone by now.
    const code = error instanceof RunnerError ? error.code : "unavailable";
    throw new RunnerError(code, messageOf(error).replaceAll(draft, file), { cause: error });
  } finally {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(draft + suffix, { force: true });
  }
}

/** A backup as a backend. It is opened as a store is, so it should be a copy that may be written to. */
export function openBackup(file: string): Promise<Backend> {
  return openBackend({ backend: "sqlite", path: file, durability: "full", busyTimeout: 0 });
}
