import { sep } from "node:path";
import { formatSize } from "../../lib/size.ts";
import { formatCount } from "../../lib/text.ts";
import { defineCommand } from "../command.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE } from "../options.ts";
import { renderFacts } from "../table.ts";

/** `runner state stats`. */
export const command = defineCommand({
  args: { ...OUTPUT, ...STORE },
  examples: ["runner state stats", "runner state stats -o json"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const stats = await context.store.stats();
    if (out.format === "json") {
      out.line(JSON.stringify({ ...stats, db_path: stats.db_path ?? null }, undefined, 2));
      return 0;
    }
    const byType = Object.entries(stats.keys_by_type).sort(([, one], [, other]) => other - one);
    const facts: [string, string][] = [
      [
        "keys",
        [formatCount(stats.total_keys), ...byType.map(([type, n]) => `${type} ${formatCount(n)}`)].join(
          "   ",
        ),
      ],
      ["expired", `${formatCount(stats.expired_keys)}   waiting to be reclaimed`],
      ["locks", formatCount(stats.active_locks)],
      ["file", formatSize(stats.db_size_bytes)],
    ];
    const durability = `durability ${context.config.settings["state.durability"]}`;
    const head = [
      shorten(stats.db_path ?? "in memory"),
      stats.backend,
      durability,
      `revision ${formatCount(stats.revision)}`,
    ];
    out.line(`${head.join(" · ")}\n\n${renderFacts(facts, out.style)}`);
    return 0;
  },
});

/** A path as its user writes it. */
function shorten(path: string): string {
  const { HOME } = process.env;
  return HOME && path.startsWith(`${HOME}${sep}`) ? `~${path.slice(HOME.length)}` : path;
}
