import { existsSync } from "node:fs";
import type { Backend } from "../../backends/backend.ts";
import { salvage } from "../../backends/sqlite/salvage.ts";
import { exitCodeOf } from "../../lib/errors.ts";
import { escapeControls, formatCount, plural } from "../../lib/text.ts";
import { verifyEntries } from "../../state/transfer/verify.ts";
import { writeExport } from "../../state/transfer/write.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { showProgress } from "../progress.ts";
import { writeBlocks } from "./files.ts";

/** The exit code of a store with damage. */
const DAMAGED = exitCodeOf("damaged");

/** `runner state verify`. */
export const command = defineCommand({
  args: {
    salvage: {
      type: "string",
      valueHint: "FILE",
      description: "Export what can be saved, for state import",
    },
    ...OUTPUT,
    ...STORE,
  },
  details: `Reads everything and writes nothing: the file's structure, a checksum for each entry and each
version in the history, the counts, the revisions, and entries against their history. Names
what is damaged or missing, with exit code 6. What is not named can be relied on. --salvage writes
the keys whose values are as they were written to FILE, from a damaged store, too. A store that
nobody has written to yet is well, and is said not to be there.`,
  examples: ["runner state verify", "runner state verify -o json --salvage saved.jsonl"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { backend } = context.store;
    using bar = showProgress("verify", undefined);
    const result = await verifyEntries(backend, (rows) => bar.advance(rows));
    const { entries, records, findings } = result ?? { entries: 0, records: 0, findings: [] };
    const saved = args.salvage === undefined ? undefined : await salvageInto(args.salvage, backend);
    if (out.format === "json") {
      out.line(
        JSON.stringify(
          { ok: findings.length === 0, exists: result !== undefined, entries, records, findings, saved },
          undefined,
          2,
        ),
      );
    } else if (result === undefined) {
      out.line(`There is no store in ${backend.location} yet: nothing was checked.`);
    } else {
      for (const { where, what } of findings)
        out.line(`${out.style.failure("✗")} ${escapeControls(`${where}: ${what}`)}`);
      const whole = `${plural(entries, "value")} and ${plural(records, "version")} are as they were written`;
      if (findings.length === 0) out.line(`${out.style.success("✓")} All is well: ${whole}.`);
      else {
        out.line(`\n${formatCount(findings.length)} found; ${whole}.`);
        const named = findings.some(({ where }) => where.startsWith("key "));
        const other = named ? " Or set or delete the keys that are named." : "";
        out.line(`Bring back a backup with: runner state restore FILE.${other}`);
      }
    }
    if (saved !== undefined) out.note(`Saved ${plural(saved, "key")} in ${args.salvage}.`);
    return findings.length === 0 ? 0 : DAMAGED;
  },
});

/** Exports what is whole; how many keys. */
async function salvageInto(file: string, backend: Backend): Promise<number> {
  const isFile = backend.name === "sqlite" && existsSync(backend.location ?? "");
  const pages = isFile ? salvage(backend.location ?? "") : backend.snapshot({ space: "data", prefix: "" });
  return await writeBlocks(file, (write) =>
    // The counter of a damaged store may be damaged: an import goes on above its own.
    writeExport(pages, { header: { revision: 0 }, now: Date.now(), matches: () => true, write }),
  );
}
