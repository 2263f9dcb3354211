import type { Pool } from "./pool.ts";

/** Keys of a space, without the spaces' own. */
const SPACED = ["entries", "keys", "expiry"];
const OTHERS = ["meta", "types", "records", "feed", "versions", "commits", "commits:old"];

/** The bytes that a store takes in the server's memory; 0 where the server does not say. */
export async function measure(pool: Pool, prefix: string): Promise<{ sizeBytes: number }> {
  const names = ["data", "lock", "run", "once"]
    .flatMap((space) => SPACED.map((part) => `${space}:${part}`))
    .concat(OTHERS);
  const sizes = await Promise.all(names.map((name) => sizeOf(pool, prefix + name)));
  return { sizeBytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function sizeOf(pool: Pool, key: string): Promise<number> {
  try {
    return Number((await pool.send("MEMORY", "USAGE", key)) ?? 0);
  } catch {
    // Users may be forbidden to ask.
    return 0;
  }
}
