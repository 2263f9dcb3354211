import { type Backend, type LoadItem, SPACES, type Space, type Writer } from "../../backends/backend.ts";
import { failpoint } from "../../lib/failpoint.ts";
import { entryLine } from "./line.ts";

/** What a copy takes along: locks are held by processes, which a copy does not have. */
export const COPIED: readonly Space[] = SPACES.filter((space) => space !== "lock");

/** Entries that one commit of a copy takes. */
const BATCH = 5000;

export interface CopyOptions {
  readonly from: Backend;
  readonly to: Backend;
  readonly by: Writer;
  /** Told how many entries were copied since the last time. */
  readonly progress?: (entries: number) => void;
}

/**
 * Copies all entries, batch by batch, each in one commit; before the first of them, all is read, so that nothing of a
 * damaged store is copied. What is there and equal is left alone, so that a copy that
 * broke off goes on where it was. How many entries were written, and how many were there already.
 */
export async function copyEntries({
  from,
  to,
  by,
  progress,
}: CopyOptions): Promise<{ written: number; same: number }> {
  const { revision } = await from.stats();
  await digestOf(from);
  const total = { written: 0, same: 0 };
  const flush = async (items: readonly LoadItem[]) => {
    const { written, same } = await to.load(() => items, { replace: [], above: revision }, by);
    total.written += written;
    total.same += same;
    failpoint("copy.batch");
    progress?.(items.length);
  };
  for (const space of COPIED) {
    let items: LoadItem[] = [];
    for await (const page of from.snapshot({ space, prefix: "" })) {
      for (const entry of page) items.push({ space, entry });
      if (items.length < BATCH) continue;
      await flush(items);
      items = [];
    }
    if (items.length > 0) await flush(items);
  }
  return total;
}

/** What a store holds, so that two can be compared. */
export interface Digest {
  readonly entries: number;
  /** Of all that is copied but revisions, in hex. */
  readonly sha256: string;
}

/** The digest of what a copy takes along. */
export async function digestOf(backend: Backend): Promise<Digest> {
  const hasher = new Bun.CryptoHasher("sha256");
  let entries = 0;
  for (const space of COPIED) {
    hasher.update(`${space}\n`);
    for await (const page of backend.snapshot({ space, prefix: "" })) {
      hasher.update(page.map((entry) => entryLine({ ...entry, revision: 0 })).join("\n"));
      hasher.update("\n");
      entries += page.length;
    }
  }
  return { entries, sha256: hasher.digest("hex") };
}
