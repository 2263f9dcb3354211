import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { SqliteFolder } from "./sqlite-folder.ts";

const WRITER = join(import.meta.dir, "writer.ts");

function startWriter(...args: string[]) {
  return Bun.spawn([process.execPath, WRITER, ...args], { stdout: "pipe", stderr: "pipe" });
}

describe("processes that share a store", () => {
  test("8 processes × 1,000 increments of one key make 8,000, and none sees it busy", async () => {
    await using files = new SqliteFolder();
    const processes = Array.from({ length: 8 }, () => startWriter("increment", files.path, "1000"));
    const ends = await Promise.all(
      processes.map(async (child) => ({
        stderr: await new Response(child.stderr).text(),
        code: await child.exited,
      })),
    );
    expect(ends).toEqual(Array.from({ length: 8 }, () => ({ stderr: "", code: 0 })));
    const store = files.openStore();
    expect(await store.get("n")).toBe(8000);
    expect((await store.stats()).revision).toBe(8000);
  }, 60_000);

  test("kill -9 of writers loses no acknowledged write and leaves none half done", async () => {
    await using files = new SqliteFolder();
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      const writers = ["a", "b", "c"].map((name) => ({ key: `${name}${round}`, name }));
      await Promise.all(
        writers.map(async ({ key }, place) => {
          const child = startWriter("push", files.path, key);
          // Each dies at another point of its work, while the others write on.
          acknowledged.set(key, await killAfterLines(child, 20 + 15 * place + round));
        }),
      );
    }
    const store = files.openStore();
    let total = 0;
    for (const [key, count] of acknowledged) {
      const list = await store.get(key);
      if (!Array.isArray(list)) throw new Error(`${key} is no list`);
      expect(list).toEqual(Array.from(list, (_, i) => i + 1));
      expect(list.length).toBeGreaterThanOrEqual(count);
      total += list.length;
    }
    // Each push is followed by an increment: at most one a writer was cut off between the two.
    const counted = Number(await store.get("total"));
    expect(counted).toBeLessThanOrEqual(total);
    expect(counted).toBeGreaterThanOrEqual(total - acknowledged.size);
  }, 60_000);
});

/** Kills a process when it has printed so many lines; gives how many lines it had printed in all. */
async function killAfterLines(child: ReturnType<typeof startWriter>, lines: number): Promise<number> {
  let printed = 0;
  for await (const chunk of child.stdout) {
    printed += chunk.filter((byte) => byte === 0x0a).length;
    if (printed >= lines) child.kill("SIGKILL");
  }
  await child.exited;
  return printed;
}
