import { PRUNE_BATCH, pruneChance, type Retention } from "runner";

/** How to prune, as the scripts take it; "" for not now, which `chance` lets be so mostly. */
export function pruningOf(retention: Retention, when: "chance" | "now"): string {
  const { keep, maxAge, bytesPerKey, minAge } = retention;
  if (!Number.isFinite(minAge)) return "";
  if (when === "chance" && Math.random() >= pruneChance(retention)) return "";
  // All that there are is -1 of them.
  const count = Number.isFinite(keep) ? keep : -1;
  return [count, ...[maxAge, bytesPerKey, minAge].map((limit) => Math.min(limit, 1e300)), PRUNE_BATCH].join(
    " ",
  );
}
