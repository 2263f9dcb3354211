import type { Entry } from "../../backends/backend.ts";
import { readSloth } from "../../backends/sqlite/sloth.ts";
import { RunnerError } from "../../lib/errors.ts";
import { escapeControls, formatCount, plural } from "../../lib/text.ts";
import { MASK } from "../../modules/secrets.ts";
import { decode } from "../../state/codec.ts";
import { compareImport, type Difference } from "../../state/transfer/diff.ts";
import { ExportReader } from "../../state/transfer/read.ts";
import { entryOfSloth } from "../../state/transfer/sloth.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { type Context, openContext } from "../context.ts";
import { toPlain } from "../json.ts";
import { NO_BACKUP, OUTPUT, STORE, YES } from "../options.ts";
import type { Output } from "../output.ts";
import { previewValue } from "../preview.ts";
import { showProgress } from "../progress.ts";
import { secretMatcher } from "../secrets.ts";
import { readBlocks, sizeOfFile } from "./files.ts";
import { backupNote, losesAnything, withBackup } from "./safety.ts";

/** Differences that --dry-run lists. */
const SHOWN = 200;

/** What there is to import: read anew for each attempt, as far as its source can be. */
interface Source {
  entries(): Iterable<Omit<Entry, "revision">>;
  /** The newest revision in it; read with the first entry. */
  readonly revision: number;
}

/** `runner state import`. */
export const command = defineCommand({
  args: {
    file: { type: "positional", required: false, description: 'What to read; stdin when absent or "-"' },
    merge: { type: "boolean", description: "Keep keys that the file does not have (this is the default)" },
    replace: { type: "boolean", description: "Remove keys that the file does not have; asks first" },
    "dry-run": { type: "boolean", description: "Show what would change, and change nothing" },
    from: { type: "enum", options: ["export", "sloth"], description: "What the file is (export)" },
    unchecked: { type: "boolean", description: "Take lines that were changed or written by hand" },
    ...NO_BACKUP,
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Takes all of it, in one commit with one new revision, or nothing. What is equal already is left
alone; entries keep their times and expiry, and those that have expired are left out.
A line that is wrong is named, and refuses the whole (exit 5). --replace leaves a backup first.
--from sloth reads a database file of Sloth Runner, which is not written to.`,
  examples: [
    "runner state export | runner state import --dry-run",
    "runner state export state.jsonl && runner state import state.jsonl --replace --yes",
    `echo '{"key":"motd","value":"hello"}' | runner state import --unchecked`,
  ],
  async run({ args, out }) {
    if (args.merge && args.replace) {
      throw new RunnerError("usage", 'Cannot use "--merge" and "--replace" together. Leave one of them out.');
    }
    const file = args.file ?? "-";
    await using context = await openContext(args);
    const { store } = context;
    using bar = showProgress("import", args.from === "sloth" ? undefined : sizeOfFile(file));
    const options = { now: store.backend.now(), maxBytes: context.config.settings["state.max_value"] };
    const source =
      args.from === "sloth"
        ? slothSource(file, options)
        : exportSource(file, {
            ...options,
            unchecked: args.unchecked,
            progress: (bytes) => bar.advance(bytes),
          });
    if (args["dry-run"]) return await preview(source, { replace: args.replace }, context, out);
    if (args.replace && !args.yes)
      await confirm(`replace all keys of agent "${context.agent}" by those of ${file}`);
    const { result: loaded, backup } = await withBackup(
      context,
      { why: "import", skip: !args.replace || args["no-backup"], loses: losesAnything },
      () =>
        store.backend.load(
          () => dataItems(source.entries()),
          { replace: args.replace ? ["data"] : [], above: source.revision },
          store.writer,
        ),
    );
    if (out.format === "json") out.line(JSON.stringify({ ...loaded, backup: backup ?? null }));
    else {
      const rest = `${formatCount(loaded.same)} were there already, ${formatCount(loaded.removed)} removed`;
      out.line(`Imported ${plural(loaded.written, "key")}; ${rest}.${backupNote(backup)}`);
    }
    return 0;
  },
});

interface SourceOptions {
  readonly now: number;
  readonly maxBytes: number;
}

function exportSource(
  file: string,
  { progress, ...options }: SourceOptions & { unchecked: boolean; progress: (bytes: number) => void },
): Source {
  const open = () => new ExportReader(readBlocks(file, progress), { ...options, name: file });
  let reader: ExportReader | undefined = open();
  const revision = reader.header?.revision ?? 0;
  return {
    revision,
    *entries() {
      // The first attempt goes on behind the header; only a file can be read a second time.
      const current = reader ?? open();
      reader = undefined;
      yield* living(current.entries(), options.now);
    },
  };
}

function slothSource(file: string, { now, maxBytes }: SourceOptions): Source {
  if (file === "-") {
    throw new RunnerError("usage", "Cannot import a database from stdin. Name its file: --from sloth FILE");
  }
  if (sizeOfFile(file) === undefined) {
    throw new RunnerError("not_found", `Cannot read "${file}": there is no such file. Check the path.`);
  }
  return {
    revision: 0,
    *entries() {
      for (const row of readSloth(file)) yield* living([entryOfSloth(row, now, maxBytes)], now);
    },
  };
}

/** Those that have not expired. */
function* living<E extends { readonly expiresAt?: number }>(entries: Iterable<E>, now: number): Generator<E> {
  for (const entry of entries) if (entry.expiresAt === undefined || entry.expiresAt > now) yield entry;
}

function* dataItems(entries: Iterable<Omit<Entry, "revision">>) {
  for (const entry of entries) yield { space: "data" as const, entry };
}

async function preview(
  source: Source,
  { replace }: { replace: boolean },
  { store, config }: Context,
  out: Output,
): Promise<number> {
  const isSecret = secretMatcher(config.settings["secrets.patterns"]);
  const lines: string[] = [];
  const differences: unknown[] = [];
  let more = 0;
  const each = (difference: Difference) => {
    if (out.format === "json") differences.push(differenceToJson(difference, isSecret(difference.key)));
    else if (lines.length < SHOWN) lines.push(differenceLine(difference, isSecret(difference.key)));
    else more++;
  };
  const counts = await compareImport(store.backend, source.entries(), { replace, each });
  if (out.format === "json") out.line(JSON.stringify({ ...counts, differences }));
  else {
    for (const line of lines) out.line(line);
    if (more > 0) out.line(out.style.dim(`… and ${formatCount(more)} more`));
    const { added, changed, same, removed } = counts;
    const parts = [
      `${formatCount(added)} added`,
      `${formatCount(changed)} changed`,
      `${formatCount(removed)} removed`,
    ];
    out.line(`Would be: ${parts.join(", ")}; ${formatCount(same)} equal. Nothing was changed.`);
  }
  return 0;
}

/** A value is null where there is none or the key is a secret. */
function differenceToJson(
  { key, old, next }: Difference,
  secret: boolean,
): Readonly<Record<string, unknown>> {
  const show = (entry: Omit<Entry, "revision"> | undefined) =>
    entry === undefined || secret ? null : toPlain(decode(entry.value));
  const change = old === undefined ? "added" : next === undefined ? "removed" : "changed";
  return { key, change, old: show(old), new: show(next) };
}

/** `+ key  new`, `~ key  old → new`, `- key  old`. */
function differenceLine({ key, old, next }: Difference, secret: boolean): string {
  const show = (entry: Omit<Entry, "revision">) =>
    secret ? MASK : previewValue(decode(entry.value)).slice(0, 60);
  const name = escapeControls(key);
  if (old === undefined) return next === undefined ? name : `+ ${name}   ${show(next)}`;
  return next === undefined ? `- ${name}   ${show(old)}` : `~ ${name}   ${show(old)} → ${show(next)}`;
}
