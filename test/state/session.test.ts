import { describe, expect, test } from "bun:test";
import { MemoryBackend } from "../../src/backends/memory.ts";
import { DEFAULT_RETENTION } from "../../src/backends/retention.ts";
import { WRITER } from "../../src/contract/subject.ts";
import { Session } from "../../src/state/session.ts";
import { Store } from "../../src/state/store.ts";
import { backendContract } from "../helpers/contract.ts";

backendContract({
  name: "memory",
  open: async (now) => {
    const { backend } = await Session.open({ now, retention: DEFAULT_RETENTION }, WRITER);
    return { backend, dispose: async () => backend.close() };
  },
});

describe("Session", () => {
  const as = (session: Session, task: string) => new Store(session.backend, { writer: { ...WRITER, task } });

  test("takeChanges() gives what one task left under the keys that it changed, once", async () => {
    const session = await Session.open({}, WRITER);
    const [a, b] = [as(session, "a"), as(session, "b")];
    await a.set("x", 1);
    await a.increment("x");
    await a.setMany({ list: [1], gone: 1 });
    await a.delete("gone");
    await b.set("other", 1);
    await b.clear("l*");
    expect(session.takeChanges("a")).toEqual([
      { key: "x", value: 2 },
      { key: "list", value: [1] },
      { key: "gone" },
    ]);
    expect(session.takeChanges("a")).toEqual([]);
    expect(session.takeChanges("b")).toEqual([{ key: "other", value: 1 }, { key: "list" }]);
  });

  test("takeChanges() leaves out what tasks that are under way, or failed, did to the same keys", async () => {
    const session = await Session.open({}, WRITER);
    const [a, b, c] = [as(session, "a"), as(session, "b"), as(session, "c")];
    const { task: _, ...nobody } = WRITER;
    await session.applyChanges([{ key: "n", value: 10 }], nobody);
    await c.increment("n", 100);
    session.dropChanges("c");
    await a.increment("n");
    await b.increment("n", 5);
    await a.increment("n");
    await b.set("s", "b");
    await a.set("s", "a");
    await b.append("l", "b1");
    await a.append("l", "a1");
    expect(session.takeChanges("a")).toEqual([
      { key: "n", value: 12 },
      { key: "s", value: "a" },
      { key: "l", value: "a1" },
    ]);
    expect(session.takeChanges("b")).toEqual([
      { key: "n", value: 17 },
      { key: "s", value: "a" },
      { key: "l", value: "b1a1" },
    ]);
    expect(await a.get("n")).toBe(117);
  });

  test("applyChanges() brings them back, with their expiry", async () => {
    const now = Date.UTC(2026, 0, 1);
    const first = await Session.open({ now: () => now }, WRITER);
    await as(first, "a").set("x", new Map([[1.5, "sparse"]]), 60);
    await as(first, "a").set("gone", 1);
    await as(first, "a").delete("gone");
    const second = await Session.open({ now: () => now }, WRITER);
    const store = as(second, "a");
    await store.set("gone", "old");
    await second.applyChanges([], WRITER);
    await second.applyChanges(first.takeChanges("a"), WRITER);
    expect(await store.get("x")).toEqual(new Map([[1.5, "sparse"]]));
    expect(await store.getTtl("x")).toBe(60);
    expect(await store.exists("gone")).toBe(false);
  });

  test("keys with a kept prefix are there in the next session, and only those", async () => {
    const kept = { prefixes: ["keep:"], backend: new MemoryBackend() };
    const first = as(await Session.open({}, WRITER, kept), "a");
    await first.setMany({ "keep:a": 1, "keep:b": [2], other: 3 });
    await first.delete("keep:a");
    await first.transaction((tx) => tx.set("keep:c", "in a transaction"));
    const second = as(await Session.open({}, WRITER, kept), "b");
    expect(await second.list()).toEqual({ "keep:b": [2], "keep:c": "in a transaction" });
    await second.clear();
    expect(await as(await Session.open({}, WRITER, kept), "c").keys()).toEqual([]);
  });
});
