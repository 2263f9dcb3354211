import type { Backend, Loaded, LoadItem, Writer } from "../../backends/backend.ts";
import { SqliteBackend } from "../../backends/sqlite/backend.ts";
import { describeFinding, type Verification, verifyFile } from "../../backends/sqlite/verify.ts";
import { removeDraft } from "../../lib/drafts.ts";
import { RunnerError } from "../../lib/errors.ts";
import { node } from "../../lib/node.ts";
import { COPIED } from "./copy.ts";

/** Checks a backup as a whole. Raises `damaged` for one that is not as it was written, and what opening it raises. */
export async function checkBackup(file: string): Promise<Verification> {
  const checked = await verifyFile(file);
  const [finding] = checked.findings;
  if (finding === undefined) return checked;
  throw new RunnerError(
    "damaged",
    `Cannot restore "${file}": ${describeFinding(finding)}. Nothing was changed; use another backup.`,
  );
}

/**
 * Makes the entries of a checked backup those of a store, in one commit, which its history and those who watch it see
 * as any other. `scratch` is a path where nothing is, for a copy that may be brought to the newest schema.
 */
export async function restoreEntries(
  file: string,
  backend: Backend,
  { by, scratch }: { by: Writer; scratch: string },
): Promise<Loaded> {
  try {
    copyPrivately(file, scratch);
    const copy = new SqliteBackend({ path: scratch, durability: "normal", busyTimeout: 0 });
    try {
      const { revision } = await copy.stats();
      const items = () => itemsOf(copy);
      return await backend.load(items, { replace: COPIED, above: revision }, by);
    } finally {
      copy.close();
    }
  } finally {
    removeDraft(scratch);
  }
}

/** Copies a file to where nothing is, for this user alone from the beginning. */
function copyPrivately(file: string, to: string): void {
  const { closeSync, copyFileSync, openSync } = node.fs;
  closeSync(openSync(to, "wx", 0o600));
  copyFileSync(file, to);
}

function* itemsOf(copy: SqliteBackend): Generator<LoadItem> {
  for (const space of COPIED) {
    for (const page of copy.snapshot({ space, prefix: "" })) {
      for (const entry of page) yield { space, entry };
    }
  }
}
