import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { RedisClient } from "bun";
import { type LoadItem, SPACES } from "../../src/backends/backend.ts";
import { Store } from "../../src/state/store.ts";
import { createFolder, type TemporaryFolder } from "../helpers/folder.ts";
import { openProxy } from "../helpers/proxy.ts";
import { freePort, HAS_REDIS, openRedis, type RedisServer, startRedis } from "../helpers/redis.ts";

const writer = { host: "web1", user: "deploy", pid: 1 };
const storeOf = (backend: ReturnType<typeof openRedis>) => new Store(backend, { writer });

/** What a call raised, as "code: message". */
async function fault(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Error && "code" in error) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
}

function* manyItems(count: number): Generator<LoadItem> {
  const value = { type: "number", data: 1 } as const;
  for (let i = 0; i < count; i++)
    yield { space: "data", entry: { key: `k${i}`, value, createdAt: 1, updatedAt: 1 } };
}

async function keysOf(url: string, pattern: string): Promise<string[]> {
  const client = new RedisClient(url);
  const found = await client.keys(pattern);
  client.close();
  return found;
}

async function command(url: string, name: string): Promise<void> {
  const client = new RedisClient(url);
  await client.send(name, []);
  client.close();
}

const read = (url: string, options: Parameters<typeof openRedis>[1] = {}) =>
  fault(async () => {
    await using backend = openRedis(url, options);
    await backend.read([{ space: "data", key: "k" }]);
  });

describe.skipIf(!HAS_REDIS)("redis: what cannot be reached", () => {
  test("nothing listens: the error names the place without its password", async () => {
    const port = freePort();
    expect(await read(`redis://me:s3cret@127.0.0.1:${port}/2`)).toBe(
      `unavailable: Cannot use "redis://127.0.0.1:${port}/2": nothing listens there. Start the server, or correct state.url.`,
    );
  });

  test("a URL that is none, or of something else, is refused without being shown whole", async () => {
    expect(await read("s3cret")).toStartWith('invalid: Cannot use "state.url": it is no URL.');
    expect(await read("http://me:s3cret@web1/")).toBe(
      'invalid: Cannot use "http://web1": it begins neither with "redis://" nor with "rediss://". Write redis://HOST:PORT/DATABASE.',
    );
    expect(await read("redis://h/db")).toContain("its path is not the number of a database");
    expect(await read("redis://h", { options: { ca: "x" } })).toContain("options for TLS");
    expect(await read("redis://h", { options: { colour: "red" } })).toStartWith("invalid: Cannot use");
    expect(await read("rediss://127.0.0.1:1", { options: { ca: "/nowhere.pem" } })).toStartWith(
      'invalid: Cannot read "/nowhere.pem" of state.options.ca',
    );
  });

  test("something that is not Redis is called so", async () => {
    using web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("hello") });
    expect(await read(`redis://127.0.0.1:${web.port}`)).toEndWith(
      "what answers there is not Redis. Check the address.",
    );
  });

  test("a password that is missing or wrong is said so, and never shown", async () => {
    using server = await startRedis("--requirepass", "p@ss/w:rd");
    const at = (login: string) => `redis://${login}127.0.0.1:${server.port}`;
    expect(await read(at(""))).toContain("it wants a password. Write it into state.url");
    expect(await read(at(":wrong@"))).toBe(
      `unavailable: Cannot use "redis://127.0.0.1:${server.port}/0": the password is wrong. Correct it in state.url.`,
    );
    expect(await read(at("nobody:wrong@"))).toContain('the password or the user "nobody" is wrong');
    expect(await read(at(`:${encodeURIComponent("p@ss/w:rd")}@`))).toBe("none");
    expect(await read(`${at(`:${encodeURIComponent("p@ss/w:rd")}@`)}/99`)).toContain(
      "no database of this number",
    );
  });

  test("a server that stopped answering is unavailable after the time to wait", async () => {
    using server = await startRedis();
    await using backend = openRedis(server.url, { busyTimeout: 300 });
    const store = storeOf(backend);
    await store.set("k", 1);
    process.kill(server.pid, "SIGSTOP");
    expect(await fault(() => store.increment("k"))).toStartWith("outcome_unknown: ");
    const said = "it takes connections but does not answer. Look after the server.";
    expect(await fault(() => store.get("k"))).toBe(`unavailable: Cannot use "${server.url}/0": ${said}`);
    process.kill(server.pid, "SIGCONT");
    expect(await store.get("k")).toBeOneOf([1, 2]);
  });
});

describe.skipIf(!HAS_REDIS || Bun.which("openssl") === null)("redis: TLS", () => {
  /** A key and a certificate of its own for 127.0.0.1; the paths without their endings. */
  async function certify(folder: TemporaryFolder, name: string): Promise<string> {
    const path = join(folder.path, name);
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:redis.test"];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
    await Bun.$`openssl ${request} -keyout ${path}.key -out ${path}.pem`.quiet();
    return path;
  }

  test("the server's certificate is checked, by authorities of one's own if there are any", async () => {
    using folder = createFolder();
    const [ours, others] = [await certify(folder, "ours"), await certify(folder, "others")];
    const port = freePort();
    const files = [
      "--tls-cert-file",
      `${ours}.pem`,
      "--tls-key-file",
      `${ours}.key`,
      "--tls-ca-cert-file",
      `${ours}.pem`,
    ];
    using _server = await startRedis("--tls-port", String(port), ...files, "--requirepass", "secret");
    const url = `rediss://:secret@127.0.0.1:${port}`;
    const mine = { ca: `${ours}.pem`, cert: `${ours}.pem`, key: `${ours}.key` };
    expect(await read(url, { options: mine })).toBe("none");
    expect(await read(`rediss://:wrong@127.0.0.1:${port}`, { options: mine })).toContain(
      "the password is wrong",
    );
    for (const options of [
      { ...mine, ca: `${others}.pem` },
      { cert: mine.cert, key: mine.key },
    ]) {
      expect(await read(url, { options })).toContain("unavailable: ");
      expect(await read(url, { options })).toContain("no secure connection came about");
    }
    expect(await read(url, { options: { ca: mine.ca } })).toContain("unavailable: ");
    expect(await read(`redis://:secret@127.0.0.1:${port}`)).toContain('If it speaks TLS, write "rediss://".');
    expect(await read(url, { options: { ...mine, server_name: "other.test" } })).toContain(
      "no secure connection",
    );
    expect(await read(url, { options: { ...mine, server_name: "redis.test" } })).toBe("none");
    await using backend = openRedis(url, { options: mine });
    const woken = backend.wait(new AbortController().signal);
    await storeOf(backend).set("k", 1);
    await woken;
  }, 20_000);
});

describe.skipIf(!HAS_REDIS)("redis: lost connections and replies", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.dispose]());

  test("a change whose answer got lost is made once", async () => {
    await using proxy = await openProxy(server.port);
    await using backend = openRedis(`redis://127.0.0.1:${proxy.port}`, { agent: "lost" });
    const store = storeOf(backend);
    await store.set("n", 0);
    for (let i = 1; i <= 20; i++) {
      proxy.mode = "mute";
      expect(await store.increment("n")).toBe(i);
      await store.listPush("l", i);
    }
    expect(proxy.swallowed).toBe(20);
    expect(await store.listLength("l")).toBe(20);
    expect(await store.history("n")).toHaveLength(21);
    proxy.mode = "mute";
    expect(await store.clear("l")).toBe(1);
    proxy.mode = "mute";
    expect(await store.delete("n")).toBe(true);
  });

  test("a change that arrives twice is made once", async () => {
    await using proxy = await openProxy(server.port);
    await using backend = openRedis(`redis://127.0.0.1:${proxy.port}`, { agent: "twice" });
    const store = storeOf(backend);
    await store.set("first", 0);
    proxy.mode = "twice";
    await store.set("k", 1);
    await store.setMany({ a: 1, b: 2 });
    expect(await store.increment("n")).toBe(1);
    expect(await store.delete("a", { purge: true })).toBe(true);
    const items = () =>
      [
        {
          space: "data",
          entry: { key: "l", value: { type: "string", data: "x" }, createdAt: 1, updatedAt: 1 },
        },
      ] as const;
    expect(await backend.load(items, { replace: [], above: 0 }, writer)).toEqual({
      written: 1,
      same: 0,
      removed: 0,
    });
    expect(await store.clear("b")).toBe(1);
    expect(await backend.revision()).toBe(7);
    for (const key of ["k", "n", "l"]) expect(await store.history(key)).toHaveLength(1);
  });

  test("a change whose answer got lost for good may or may not have been made", async () => {
    await using proxy = await openProxy(server.port);
    await using backend = openRedis(`redis://127.0.0.1:${proxy.port}`, {
      agent: "unknown",
      busyTimeout: 300,
    });
    const store = storeOf(backend);
    await store.set("n", 0);
    proxy.mode = "mute";
    const swallowed = proxy.untilSwallowed().then(() => proxy.cut());
    const said = await fault(() => store.increment("n"));
    await swallowed;
    expect(said).toStartWith("outcome_unknown: Cannot tell whether the change was made");
    expect(await fault(() => store.get("n"))).toStartWith("unavailable: ");
  });

  test("wait() comes back for what was committed while the line was cut", async () => {
    await using proxy = await openProxy(server.port);
    await using mine = openRedis(`redis://127.0.0.1:${proxy.port}`, { agent: "wait" });
    await using others = openRedis(server.url, { agent: "wait" });
    const admin = new RedisClient(server.url);
    try {
      await storeOf(mine).set("k", 1);
      for (let i = 0; i < 5; i++) {
        const woken = mine.wait(new AbortController().signal);
        await admin.send("CLIENT", ["KILL", "TYPE", "pubsub"]);
        await storeOf(others).set("k", i);
        await woken;
      }
    } finally {
      admin.close();
    }
  });

  test("who is far away gets his turn among those who are near", async () => {
    await using proxy = await openProxy(server.port, { delay: 20 });
    await using far = openRedis(`redis://127.0.0.1:${proxy.port}`, { agent: "far", busyTimeout: 30_000 });
    const near = Array.from({ length: 3 }, () =>
      openRedis(server.url, { agent: "far", busyTimeout: 30_000 }),
    );
    let ended = false;
    let done = 0;
    const crowd = near.map(async (backend) => {
      const store = storeOf(backend);
      for (; !ended; done++) await store.increment("n");
    });
    for (let i = 0; i < 5; i++) await storeOf(far).increment("n");
    ended = true;
    await Promise.all(crowd);
    expect(await storeOf(far).get("n")).toBe(done + 5);
    for (const backend of near) backend.close();
  });

  test("a server that forgot its scripts is told them again", async () => {
    await using backend = openRedis(server.url, { agent: "scripts" });
    const store = storeOf(backend);
    const admin = new RedisClient(server.url);
    await store.set("k", 1);
    await admin.send("SCRIPT", ["FLUSH"]);
    admin.close();
    expect(await store.increment("k")).toBe(2);
  });

  test("other data on the server is left alone, and two agents are apart", async () => {
    const admin = new RedisClient(server.url);
    await admin.set("theirs", "1");
    await admin.set("{runner:apart}", "2");
    await admin.hset("{runner:apart2}:data:entries", { k: "3" });
    await using one = openRedis(server.url, { agent: "apart" });
    await using prefixed = openRedis(server.url, { agent: "apart", options: { prefix: "other" } });
    const store = storeOf(one);
    await storeOf(prefixed).set("k", "theirs");
    await store.setMany({ a: 1, b: 2 }, 100);
    await store.clear();
    await one.load(() => [], { replace: [...SPACES], above: 0 }, writer);
    expect(await storeOf(prefixed).list()).toEqual({ k: "theirs" });
    expect([await admin.get("theirs"), await admin.get("{runner:apart}")]).toEqual(["1", "2"]);
    expect(await admin.hget("{runner:apart2}:data:entries", "k")).toBe("3");
    const [, mine] = (await admin.send("SCAN", ["0", "MATCH", "{runner:apart}:*", "COUNT", "10000"])) as [
      string,
      string[],
    ];
    expect(mine.length).toBeGreaterThan(0);
    admin.close();
  });

  test("something else under the keys of a store is damage that is named", async () => {
    const admin = new RedisClient(server.url);
    await admin.set("{runner:taken}:data:entries", "x");
    admin.close();
    expect(await read(server.url, { agent: "taken" })).toContain("damaged: ");
    await using backend = openRedis(server.url, { agent: "taken" });
    expect(await fault(() => storeOf(backend).set("k", 1))).toContain(
      "something else uses the keys of this store",
    );
  });

  test("forty thousand keys are set and got at once", async () => {
    await using backend = openRedis(server.url, { agent: "forty", busyTimeout: 60_000 });
    const store = storeOf(backend);
    const many = new Map(Array.from({ length: 40_000 }, (_, i) => [`k${i}`, i]));
    await store.setMany(many);
    expect(Object.keys(await store.getMany([...many.keys()]))).toHaveLength(40_000);
    expect(await backend.revision()).toBe(1);
  });

  test("more keys than one commit may have are refused, and nothing of them is stored", async () => {
    await using backend = openRedis(server.url, { agent: "many" });
    const many = new Map(Array.from({ length: 100_001 }, (_, i) => [`k${i}`, i]));
    expect(await fault(() => storeOf(backend).setMany(many))).toStartWith(
      "too_large: Cannot change 100,001 keys at once",
    );
    expect(await backend.revision()).toBe(0);
  });

  test("a load of more than the server should take at once is refused in a store that is in use", async () => {
    await using backend = openRedis(server.url, { agent: "load", busyTimeout: 30_000 });
    await storeOf(backend).set("own", 1);
    const said = await fault(() => backend.load(() => manyItems(250_001), { replace: [], above: 0 }, writer));
    expect(said).toStartWith(
      "too_large: Cannot load all of it: into a store that is in use, Redis takes at most",
    );
    expect(await storeOf(backend).keys()).toEqual(["own"]);
    expect(await keysOf(server.url, "*:load}*:load:*")).toEqual([]);
  }, 60_000);

  test("a load into a new store is made aside, and is one commit, however large", async () => {
    await using backend = openRedis(server.url, { agent: "parts", busyTimeout: 30_000 });
    await using other = openRedis(server.url, { agent: "parts", busyTimeout: 30_000 });
    const count = 50_001;
    const seen = new Set<number>();
    const loading = Promise.resolve(
      backend.load(() => manyItems(count), { replace: ["data"], above: 40 }, writer),
    );
    const looking = (async () => {
      let total = 0;
      do {
        total = (await storeOf(other).stats()).total_keys;
        seen.add(total);
      } while (total === 0);
    })();
    expect(await loading).toEqual({ written: count, same: 0, removed: 0 });
    await looking;
    expect([...seen]).toEqual([0, count]);
    expect(await storeOf(other).show("k0")).toMatchObject({ revision: 41 });
    expect(await storeOf(other).show("k50000")).toMatchObject({ revision: 41 });
    expect(await storeOf(other).history("k7")).toHaveLength(1);
    expect(await storeOf(backend).increment("k7")).toBe(2);
    expect(await storeOf(other).show("k7")).toMatchObject({ revision: 42 });
    expect(await keysOf(server.url, "*:parts}*:load:*")).toEqual([]);
    const client = new RedisClient(server.url);
    expect(await client.send("PTTL", ["{runner:parts}:data:entries"])).toBe(-1);
    client.close();
  }, 60_000);

  test("a load in parts that breaks off, or that others are faster than, leaves nothing", async () => {
    await using backend = openRedis(server.url, { agent: "broken", busyTimeout: 30_000 });
    function* broken() {
      yield* manyItems(45_000);
      throw new Error("line 45001");
    }
    const load = (items: () => Iterable<LoadItem>) => backend.load(items, { replace: [], above: 0 }, writer);
    await expect(Promise.resolve(load(broken))).rejects.toThrow("line 45001");
    expect(await keysOf(server.url, "{runner:broken}*")).toEqual([]);
    await using other = openRedis(server.url, { agent: "broken" });
    const loading = fault(() => load(() => manyItems(45_000)));
    while ((await keysOf(server.url, "{runner:broken}:load:*:meta")).length === 0) await Bun.sleep(1);
    await storeOf(other).set("own", 1);
    expect(await loading).toContain("others wrote to the store meanwhile");
    expect(await storeOf(other).keys()).toEqual(["own"]);
    expect(await keysOf(server.url, "{runner:broken}*:load:*")).toEqual([]);
  }, 60_000);

  test("a load of which the server drops a part before its end is refused, and nothing is changed", async () => {
    await using backend = openRedis(server.url, { agent: "dropped", busyTimeout: 30_000 });
    const aside = "{runner:dropped}:load:*:*";
    const loading = fault(() => backend.load(() => manyItems(65_000), { replace: [], above: 0 }, writer));
    const client = new RedisClient(server.url);
    let parts: string[] = [];
    while (parts.length === 0) parts = await client.keys(aside);
    await client.send("DEL", parts);
    expect(await loading).toContain("what was to be loaded got lost on the way. Nothing was changed.");
    expect(await client.keys("{runner:dropped}*")).toEqual([]);
    client.close();
  }, 60_000);

  test("snapshot() of any space is as of its first page, whatever others do meanwhile", async () => {
    await using backend = openRedis(server.url, { agent: "snapshot" });
    await using other = openRedis(server.url, { agent: "snapshot" });
    const put = { type: "string", data: "x".repeat(10) } as const;
    const keys = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    for (const space of ["data", "run"] as const) {
      const items = () =>
        keys.map((key) => ({ space, entry: { key, value: put, createdAt: 1, updatedAt: 2 } }));
      await backend.load(items, { replace: [], above: 0 }, writer);
    }
    for (const space of ["data", "run"] as const) {
      const before: string[] = [];
      for await (const page of backend.snapshot({ space, prefix: "" })) {
        if (before.length === 0)
          await other.deleteRange({ space, prefix: "k1", matches: () => true }, writer);
        else await other.load(() => [], { replace: [space], above: 0 }, writer);
        before.push(...page.map(({ key, createdAt }) => `${key} ${createdAt}`));
      }
      expect(before).toEqual(keys.map((key) => `${key} 1`));
      expect(await backend.scan({ space, prefix: "", limit: 10, values: false })).toEqual([]);
    }
    const admin = new RedisClient(server.url);
    expect(await admin.send("KEYS", ["{runner:snapshot}:snapshot*"])).toEqual([]);
    admin.close();
  });

  test("get() is answered from memory where the cache lets it, until somebody changes the key", async () => {
    await using backend = openRedis(server.url, { agent: "cache", cacheSize: 100 });
    await using other = openRedis(server.url, { agent: "cache" });
    const [store, theirs] = [storeOf(backend), storeOf(other)];
    await theirs.set("k", 1);
    const admin = new RedisClient(server.url);
    const calls = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await admin.send("INFO", ["commandstats"])))?.[1]);
    // Until news of changes come in, each is a question to the server.
    for (let before = -1; before !== (await calls()); ) {
      before = await calls();
      expect(await store.get("k")).toBe(1);
    }
    const woken = backend.wait(new AbortController().signal);
    await theirs.set("k", 2);
    await woken;
    expect(await store.get("k")).toBe(2);
    expect(await store.compareSwap("k", 2, 3)).toBe(true);
    expect(await store.get("k")).toBe(3);
    admin.close();
  });
});

describe.skipIf(!HAS_REDIS)("redis: servers that take no changes", () => {
  test("a full memory refuses writes, and reads go on", async () => {
    using server = await startRedis();
    await using backend = openRedis(server.url);
    const store = storeOf(backend);
    await store.set("k", 1);
    const admin = new RedisClient(server.url);
    await admin.send("CONFIG", ["SET", "maxmemory", "1mb"]);
    expect(await fault(() => store.set("k", 2))).toBe(
      `unavailable: Cannot use "${server.url}/0": its memory is full. Nothing was changed. Free some, or raise its maxmemory.`,
    );
    expect([await store.get("k"), await backend.revision()]).toEqual([1, 1]);
    await admin.send("CONFIG", ["SET", "maxmemory", "0"]);
    admin.close();
    expect(await store.increment("k")).toBe(2);
  });

  test("a replica refuses writes, and says where they belong", async () => {
    using primary = await startRedis("--repl-diskless-sync-delay", "0");
    using replica = await startRedis("--replicaof", `127.0.0.1 ${primary.port}`);
    await using first = openRedis(primary.url);
    await storeOf(first).set("k", 1);
    const admin = new RedisClient(primary.url);
    await admin.send("WAIT", ["1", "10000"]);
    admin.close();
    await using second = openRedis(replica.url);
    expect(await storeOf(second).get("k")).toBe(1);
    expect(await fault(() => storeOf(second).set("k", 2))).toContain(
      "it is a replica, which takes no changes",
    );
  });

  test("a user with too few rights is told which are missing", async () => {
    using server = await startRedis(..."--user reader on >pw ~* -@all +@read +@connection".split(" "));
    const said = await read(`redis://reader:pw@127.0.0.1:${server.port}`);
    expect(said).toStartWith("unavailable: ");
    expect(said).toContain("its user may not do this (NOPERM");
  });
});

describe.skipIf(!HAS_REDIS)("redis: killed and started again", () => {
  test("nothing that was acknowledged is lost where every write reaches the disk, and nothing is made twice", async () => {
    using server = await startRedis("--appendonly", "yes", "--appendfsync", "always");
    await using backend = openRedis(server.url, { busyTimeout: 30_000 });
    const store = storeOf(backend);
    let ended = false;
    const acknowledged = [0, 0, 0, 0];
    const workers = acknowledged.map(async (_, i) => {
      while (!ended) acknowledged[i] = Number(await store.increment(`n${i}`));
    });
    for (let round = 0; round < 3; round++) {
      const [before] = acknowledged;
      while (acknowledged[0] === before) await new Promise((resolve) => setImmediate(resolve));
      await server.kill();
      await server.restart();
    }
    ended = true;
    await Promise.all(workers);
    const kept = await Promise.all(acknowledged.map((_, i) => store.get(`n${i}`)));
    expect(kept).toEqual(acknowledged);
    expect(await store.history("n0", 100_000)).toHaveLength(acknowledged[0] ?? 0);
  });

  test("a server that came back without its last changes is taken as it is", async () => {
    using server = await startRedis();
    await using mine = openRedis(server.url, { cacheSize: 100 });
    await using others = openRedis(server.url);
    const [store, theirs] = [storeOf(mine), storeOf(others)];
    await store.set("n", 0);
    await command(server.url, "SAVE");
    for (let i = 0; i < 5; i++) await store.increment("n");
    expect(await store.get("n")).toBe(5);
    await mine.wait(AbortSignal.timeout(1));
    await server.kill();
    await server.restart();
    expect(await store.increment("n")).toBe(1);
    const woken = mine.wait(new AbortController().signal);
    expect(await theirs.increment("n")).toBe(2);
    await woken;
    // Remembered may be what was so a moment ago; the server is never so.
    expect((await store.getMany(["n"])).n).toBe(2);
    while ((await store.get("n")) !== 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await mine.revision()).toBe(3);
  });

  const losses: [what: string, lose: (server: RedisServer) => Promise<void>][] = [
    ["emptied by FLUSHDB", (server) => command(server.url, "FLUSHDB")],
    ["that started again with nothing", (server) => server.kill().then(() => server.restart())],
  ];
  test.each(losses)("a server %s is noticed by whoever has worked on it", async (_, lose) => {
    using server = await startRedis();
    await using writer = openRedis(server.url);
    await using reader = openRedis(server.url);
    await storeOf(writer).set("n", 1);
    await storeOf(reader).get("n");
    await lose(server);
    const deleted =
      /^unavailable: .*: the store was deleted while this process worked on it .* start again\.$/;
    expect(await fault(() => storeOf(writer).increment("n"))).toMatch(deleted);
    expect(await fault(() => storeOf(reader).get("n"))).toMatch(deleted);
    await using next = openRedis(server.url);
    expect(await storeOf(next).increment("n")).toBe(1);
    const said = await fault(() => storeOf(writer).increment("n"));
    expect(said).toMatch(/^unavailable: .*: the store was replaced by another one .* Start again\.$/);
    expect(await storeOf(next).get("n")).toBe(1);
  });
});
