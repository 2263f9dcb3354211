import { formatSize } from "../../lib/size.ts";
import { escapeControls, formatCount } from "../../lib/text.ts";
import type { StoreStats } from "../../state/store.ts";
import { type Survey, surveyEntries } from "../../state/transfer/survey.ts";
import { renderBar } from "../bar.ts";
import { defineCommand } from "../command.ts";
import { type Context, openContext } from "../context.ts";
import { STORE } from "../options.ts";
import type { Output } from "../output.ts";
import { formatExpiry, shortenPath } from "../preview.ts";
import { showProgress } from "../progress.ts";
import { renderFacts } from "../table.ts";
import { renderPrometheus } from "./prometheus.ts";

/** Columns of the longest bar. */
const BAR = 12;

/** `runner state stats`. */
export const command = defineCommand({
  args: {
    details: { type: "boolean", description: "Also the largest keys, keys by prefix, and what expires soon" },
    output: {
      type: "enum",
      alias: "o",
      options: ["text", "json", "prometheus"],
      description: "For people, for programs, or for a scraper",
    },
    ...STORE,
  },
  details: `Takes a moment however many keys there are; --details reads all of them.
"-o prometheus" is for the text file collector: runner state stats -o prometheus > FILE.prom`,
  examples: ["runner state stats", "runner state stats --details", "runner state stats -o prometheus"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const stats = await context.store.stats();
    const survey = args.details ? await look(context, stats) : undefined;
    if (args.output === "prometheus") out.line(renderPrometheus(stats, context.agent));
    else if (args.output === "json") {
      const details = survey === undefined ? {} : { details: toJson(survey) };
      out.line(JSON.stringify({ ...stats, db_path: stats.db_path ?? null, ...details }, undefined, 2));
    } else {
      const parts = [headOf(context, stats), renderFacts(factsOf(stats), out.style)];
      if (survey !== undefined) parts.push(...sectionsOf(survey, context.store.backend.now(), out));
      out.line(parts.join("\n\n"));
    }
    return 0;
  },
});

async function look({ store }: Context, { total_keys }: StoreStats): Promise<Survey> {
  using bar = showProgress("reading", total_keys);
  return await surveyEntries(store.backend, (entries) => bar.advance(entries));
}

function headOf({ config }: Context, stats: StoreStats): string {
  const durability = stats.durability ?? `durability ${config.settings["state.durability"]}`;
  const place = shortenPath(stats.db_path ?? "in memory");
  return [place, stats.backend, durability, `revision ${formatCount(stats.revision)}`].join(" · ");
}

function factsOf(stats: StoreStats): [string, string][] {
  const byType = Object.entries(stats.keys_by_type).sort(([, one], [, other]) => other - one);
  const most = byType[0]?.[1] ?? 0;
  const types = byType.map(([type, n]) => `${type} ${formatCount(n)} ${renderBar(n, most, BAR)}`).join("  ");
  const log = stats.log_size_bytes > 0 ? `+ ${formatSize(stats.log_size_bytes)} WAL` : "";
  const rows: [string, string, string][] = [
    ["keys", formatCount(stats.total_keys), types],
    ["expired", formatCount(stats.expired_keys), stats.expired_keys > 0 ? "waiting to be reclaimed" : ""],
    ["locks", formatCount(stats.active_locks), ""],
    ["history", formatCount(stats.history_records), ""],
    [
      stats.backend === "sqlite" ? "file" : "size",
      formatSize(stats.db_size_bytes - stats.log_size_bytes),
      log,
    ],
  ];
  const width = Math.max(...rows.map(([, figure]) => figure.length));
  return rows.map(([name, figure, rest]) => [name, `${figure.padStart(width)}   ${rest}`.trimEnd()]);
}

function sectionsOf({ largest, prefixes, expiring, bytes }: Survey, now: number, out: Output): string[] {
  const most = prefixes[0]?.keys ?? 0;
  const section = (title: string, rows: readonly (readonly [string, string])[]) =>
    rows.length === 0 ? [] : [`${out.style.bold(title)}\n${renderFacts(rows, out.style)}`];
  return [
    ...section(
      "keys by prefix",
      prefixes.map(({ prefix, keys, bytes: size }) => [
        escapeControls(prefix === "" ? "(none)" : prefix),
        `${formatCount(keys)} ${renderBar(keys, most, BAR)}  ${formatSize(size)}`,
      ]),
    ),
    ...section(
      `largest, of ${formatSize(bytes)} in all`,
      largest.map(({ key, figure }) => [escapeControls(key), formatSize(figure)]),
    ),
    ...section(
      "expiring soon",
      expiring.map(({ key, figure }) => [
        escapeControls(key),
        formatExpiry(Math.ceil((figure - now) / 1000)),
      ]),
    ),
  ];
}

function toJson({ largest, prefixes, expiring, bytes }: Survey): Readonly<Record<string, unknown>> {
  return {
    value_bytes: bytes,
    prefixes,
    largest: largest.map(({ key, figure }) => ({ key, bytes: figure })),
    expiring: expiring.map(({ key, figure }) => ({ key, expires_at: new Date(figure).toISOString() })),
  };
}
