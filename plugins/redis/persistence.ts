import type { Pool } from "./pool.ts";

/**
 * What the server promises of the changes that it has acknowledged, in a few words; undefined where it does not
 * tell.
 */
export async function describePersistence(pool: Pool): Promise<string | undefined> {
  try {
    const info = String(await pool.send("INFO", "persistence"));
    const evicts = await setting(pool, "maxmemory-policy");
    const written = await (info.includes("aof_enabled:1") ? describeLog(pool) : describeSnapshots(pool));
    return evicts.startsWith("allkeys") ? `${written}, and ${evicts} may drop it` : written;
  } catch {
    // Users may be forbidden to ask.
    return undefined;
  }
}

async function describeLog(pool: Pool): Promise<string> {
  switch (await setting(pool, "appendfsync")) {
    case "always":
      return "appendfsync always";
    case "everysec":
      return "appendfsync everysec: a crash may lose a second";
    default:
      return "appendfsync no: a crash may lose much";
  }
}

async function describeSnapshots(pool: Pool): Promise<string> {
  const rules = await setting(pool, "save");
  return rules === ""
    ? "no persistence: gone when the server ends"
    : "snapshots alone: a crash loses what came after the last";
}

async function setting(pool: Pool, name: string): Promise<string> {
  const found: unknown = await pool.send("CONFIG", "GET", name);
  return typeof found === "object" && found !== null ? String(Reflect.get(found, name) ?? "") : "";
}
