import { RunnerError } from "../../lib/errors.ts";
import { resolve } from "../../lib/path.ts";
import { formatSize } from "../../lib/size.ts";
import { writeBackup } from "../../state/transfer/backup.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { showProgress } from "../progress.ts";
import { sizeOfFile } from "./files.ts";

/** `runner state backup`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", description: "Where to; nothing may be there" },
    ...OUTPUT,
    ...STORE,
  },
  details: `Writes the store as of one moment, with its history, into one SQLite file of mode 0600, while
others may go on writing, and checks it before it gets its name. Of backends other than
sqlite it has the entries without the history. Back with: runner state restore FILE`,
  examples: ["runner state backup state.backup"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const file = resolve(args.file);
    const { backend } = context.store;
    if ((await backend.revision()) === 0) {
      const where = backend.location === undefined ? "" : ` in "${backend.location}"`;
      throw new RunnerError(
        "not_found",
        `Cannot back up: there is no store${where} yet, or nothing was ever written to it.`,
      );
    }
    using bar = showProgress("backup", undefined);
    const progress = (rows: number) => bar.advance(rows);
    await writeBackup(backend, file, { by: context.store.writer, check: "all", progress });
    const bytes = sizeOfFile(file) ?? 0;
    if (out.format === "json") out.line(JSON.stringify({ file, bytes }));
    else out.line(`Backed up to ${args.file}: ${formatSize(bytes)}, checked.`);
    return 0;
  },
});
