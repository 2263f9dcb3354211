import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { DEFAULT_RETENTION } from "../../src/backends/retention.ts";
import { verifyFile } from "../../src/backends/sqlite/verify.ts";
import { Clock, WRITER } from "../../src/contract/subject.ts";
import { Store } from "../../src/state/store.ts";
import { SqliteFolder } from "./sqlite-folder.ts";

test("compact() keeps what the history is to keep, and makes the file smaller", async () => {
  await using files = new SqliteFolder();
  const clock = new Clock();
  const backend = files.open({ now: clock.now, retention: { ...DEFAULT_RETENTION, keep: 3 } });
  const store = new Store(backend, { writer: WRITER });
  for (let i = 0; i < 20; i++) await store.set("k", String(i).padEnd(5000, "x"));
  await store.setMany(new Map(Array.from({ length: 50 }, (_, i) => [`gone:${i}`, "y".repeat(5000)])));
  await store.clear("gone:*");
  clock.advance(3600);
  await backend.compact();
  const before = statSync(files.path).size;
  clock.advance(40 * 86_400);
  await backend.compact();
  expect(statSync(files.path).size).toBeLessThan(before);
  expect(await store.get("k")).toBe("19".padEnd(5000, "x"));
  expect((await store.history("k")).length).toBeLessThanOrEqual(3);
  expect((await verifyFile(files.path)).findings).toEqual([]);
  await store.set("next", 1);
  expect((await store.show("next"))?.revision).toBe(23);
});
