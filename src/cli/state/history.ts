import { RunnerError } from "../../lib/errors.ts";
import { escapeControls, formatCount } from "../../lib/text.ts";
import { MASK } from "../../modules/secrets.ts";
import type { Version } from "../../state/store.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { toPlain } from "../json.ts";
import { OUTPUT, STORE } from "../options.ts";
import { bareText, previewValue } from "../preview.ts";
import { secretMatcher } from "../secrets.ts";
import { renderTable } from "../table.ts";
import { absentKey } from "./absent.ts";
import { diffLines } from "./diff.ts";
import { formatTime } from "./entries.ts";
import { formatWriter } from "./writer.ts";

const COLUMNS = [
  { title: "REVISION" },
  { title: "WHEN" },
  { title: "WHO" },
  { title: "VALUE", flexible: true },
] as const;
const DEFAULT_LIMIT = 20;

/** `runner state history`. */
export const command = defineCommand({
  args: {
    key: { type: "positional", description: "Key whose versions to show", completes: "key" },
    limit: { type: "string", valueHint: "N", description: `How many, the newest first (${DEFAULT_LIMIT})` },
    diff: { type: "boolean", description: "What each version changed, line by line" },
    ...OUTPUT,
    ...STORE,
  },
  details: `How much is kept of each key: state.history in the config. Values of keys that match secrets.patterns are masked
(null in JSON). A key of which nothing is known is exit code 3.`,
  examples: [
    "runner state history deploy:version",
    "runner state history deploy:version --diff",
    "runner state history deploy:version --limit 1 -o json",
  ],
  async run({ args, out }) {
    const limit = args.limit === undefined ? DEFAULT_LIMIT : parseLimit(args.limit);
    await using context = await openContext(args);
    const versions = await context.store.history(args.key, limit + 1);
    if (versions.length === 0) throw await absentKey(args.key, context);
    const secret = secretMatcher(context.config.settings["secrets.patterns"])(args.key);
    const shown = versions.slice(0, limit);
    if (out.format === "json") {
      out.line(
        JSON.stringify(
          shown.map((version) => versionToJson(version, secret)),
          undefined,
          2,
        ),
      );
      return 0;
    }
    if (args.diff && !secret) {
      for (const [place, version] of shown.entries()) {
        const { revision, at, by } = version;
        out.line(out.style.bold(`${formatCount(revision)}   ${formatTime(at)}   ${formatWriter(by)}`));
        for (const line of diffLines(textOf(versions[place + 1]), textOf(version))) {
          const style = line.startsWith("+") ? out.style.success : out.style.failure;
          out.line(`  ${style(escapeControls(line))}`);
        }
      }
      return 0;
    }
    out.line(
      renderTable(
        COLUMNS,
        shown.map((version) => toRow(version, secret)),
        out,
      ),
    );
    const earlier = shown.slice(1).find(({ kind }) => kind === "put");
    if (earlier !== undefined) {
      out.note(`Back to one of them: runner state revert ${args.key} --to ${earlier.revision}`);
    }
    return 0;
  },
});

/** A version as JSON; `value` is null for a deletion and for what is masked, `kind` tells. */
export function versionToJson(
  { key, revision, kind, value, type, at, by, expiresAt }: Version,
  masked: boolean,
): Readonly<Record<string, unknown>> {
  return {
    key,
    revision,
    kind,
    value: masked || value === undefined ? null : toPlain(value),
    type: type ?? null,
    time: new Date(at).toISOString(),
    expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    host: by.host,
    user: by.user,
    pid: by.pid,
    run: by.run ?? null,
    task: by.task ?? null,
  };
}

function toRow({ revision, at, by, kind, value }: Version, secret: boolean): string[] {
  const ended = kind === "expire" ? "(expired)" : "(deleted)";
  const shown = value === undefined ? ended : secret ? MASK : previewValue(value);
  return [formatCount(revision), formatTime(at), escapeControls(formatWriter(by)), shown];
}

/** A version's value as text of lines; tables and lists have one for each of their parts. */
function textOf(version: Version | undefined): string | undefined {
  const value = version?.value;
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value instanceof Uint8Array) return bareText(value);
  return JSON.stringify(toPlain(value), undefined, 2) ?? bareText(value);
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new RunnerError("usage", `Cannot use "--limit ${text}": expected a whole number from 1 up.`);
}
