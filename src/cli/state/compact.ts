import { RunnerError } from "../../lib/errors.ts";
import { formatSize } from "../../lib/size.ts";
import { plural } from "../../lib/text.ts";
import type { Store } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { NO_BACKUP, OUTPUT, STORE } from "../options.ts";
import { backupNote, withBackup } from "./safety.ts";

/** Expired entries that one commit reclaims. */
const BATCH = 10_000;

/** What a compaction came to, and whether anything that was kept is gone. */
async function compact({
  backend,
  writer,
}: Store): Promise<{ after: number; expired: number; lost: boolean }> {
  const before = await backend.stats();
  let expired = 0;
  for (let swept = BATCH; swept === BATCH; expired += swept) swept = await backend.sweep(BATCH, writer);
  await backend.compact?.();
  const { sizeBytes: after, historyRecords = 0 } = await backend.stats();
  return { after, expired, lost: expired > 0 || historyRecords < (before.historyRecords ?? 0) };
}

/** `runner state compact`. */
export const command = defineCommand({
  args: { ...NO_BACKUP, ...OUTPUT, ...STORE },
  details: `Leaves a backup, reclaims what has expired, drops what the history has too much of by
state.history, and gives the space of all that back to the file system. Others wait with
their writes meanwhile. It needs as much free space on the disk as the store takes.`,
  examples: ["runner state compact", "runner state compact --no-backup"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store } = context;
    const { backend } = store;
    if (backend.compact === undefined) {
      throw new RunnerError("usage", `Cannot compact: the backend "${backend.name}" needs none.`);
    }
    const before = (await backend.stats()).sizeBytes;
    if (before === 0) {
      out.line(
        out.format === "json"
          ? JSON.stringify({ before, after: 0, expired: 0, backup: null })
          : "There is nothing to compact.",
      );
      return 0;
    }
    const { result, backup } = await withBackup(
      context,
      { why: "compact", skip: args["no-backup"], loses: ({ lost }) => lost },
      () => compact(store),
    );
    const { after, expired } = result;
    if (out.format === "json") out.line(JSON.stringify({ before, after, expired, backup: backup ?? null }));
    else {
      const sizes = `${formatSize(before)} → ${formatSize(after)}`;
      out.line(`Compacted: ${sizes}, ${plural(expired, "expired key")} reclaimed.${backupNote(backup)}`);
    }
    return 0;
  },
});
