import { plural } from "../../lib/text.ts";
import { parsePattern } from "../../state/pattern.ts";
import { writeExport } from "../../state/transfer/write.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { STORE } from "../options.ts";
import { showProgress } from "../progress.ts";
import { writeBlocks } from "./files.ts";

/** `runner state export`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: 'Where to; stdout when absent or "-"' },
    pattern: { type: "string", valueHint: "PATTERN", description: "Only keys that match: * ? [a-z]" },
    ...STORE,
  },
  details: `Writes JSON lines as of one moment: a header, an entry a line with its type, value, expiry,
revision and times, and a last line by which "state import" notices what is missing. Values of
secret keys are among them: the file gets mode 0600. History is not; "state backup" has it.`,
  examples: ["runner state export state.jsonl", "runner state export --pattern 'deploy:*' | wc -l"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { backend } = context.store;
    const { prefix, matches } = parsePattern(args.pattern ?? "*");
    const { revision, keysByType } = await backend.stats();
    const total = Object.values(keysByType).reduce((sum, count) => sum + count, 0);
    const file = args.file ?? "-";
    using bar = showProgress("export", args.pattern === undefined ? total : undefined);
    const entries = await writeBlocks(file, (write) =>
      writeExport(backend.snapshot({ space: "data", prefix }), {
        header: { revision },
        now: Date.now(),
        matches,
        write,
        progress: (count) => bar.advance(count),
      }),
    );
    if (file !== "-") out.note(`Exported ${plural(entries, "key")} to ${file}.`);
    return 0;
  },
});
