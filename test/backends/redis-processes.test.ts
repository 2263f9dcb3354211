import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BinaryOptions, createSandbox, type Running, type Sandbox } from "../helpers/binary.ts";
import { allEndWell, lockScenarios } from "../helpers/locks.ts";
import { HAS_REDIS, openRedis, type RedisServer, startRedis } from "../helpers/redis.ts";
import { Scripts } from "../helpers/scripts.ts";

/** The environment of a process whose state is on a server; each test has a store of its own there. */
function on(
  { url }: Pick<RedisServer, "url">,
  prefix: string,
  more: Readonly<Record<string, string>> = {},
): BinaryOptions {
  const env = {
    RUNNER_STATE_BACKEND: "redis",
    RUNNER_STATE_URL: url,
    RUNNER_STATE_OPTIONS: JSON.stringify({ prefix }),
  };
  return { env: { PATH: process.env.PATH ?? "", ...env, ...more } };
}

describe.skipIf(!HAS_REDIS)("redis: processes", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.dispose]());

  /** Scripts on a store of their own on the server. */
  function onRedis(sandbox: Sandbox, prefix: string): Scripts {
    const open = () => openRedis(server.url, { agent: "local", options: { prefix } });
    return new Scripts(sandbox, open, on(server, prefix));
  }

  lockScenarios({ scripts: onRedis, sections: 20 });

  test("state.session keeps State on the server, all of it or by prefix, apart from state and per agent", async () => {
    using sandbox = createSandbox();
    sandbox.write("write.lua", 'State.set("kept:a", 5) State.set("b", 2)');
    sandbox.write("read.lua", 'print(State.get("kept:a"), State.get("b"), #state.keys())');
    const kept = async (session: string, ...args: string[]) => {
      const options = on(server, `session:${session}`, { RUNNER_STATE_SESSION: session });
      await sandbox.run(["run", "write.lua"], options);
      return (await sandbox.run(["run", "read.lua", ...args], options)).stdout;
    };
    expect(await kept("persistent")).toBe("5\t2\t0\n");
    expect(await kept("persistent", "--agent", "other")).toBe("nil\tnil\t0\n");
    expect(await kept('["kept:"]')).toBe("5\tnil\t0\n");
    expect(await kept("memory")).toBe("nil\tnil\t0\n");
  });

  test("16 processes on one key: increments, appends, pushes and swaps are exact", async () => {
    using sandbox = createSandbox();
    const scripts = onRedis(sandbox, "exact");
    const script = `
      for i = 1, 25 do
        state.increment("n")
        state.append("s", "x")
        state.list_push("l", i)
        repeat
          local old = state.get("c")
        until state.compare_swap("c", old, (old or 0) + 1)
      end`;
    const workers = Array.from({ length: 16 }, (_, i) => scripts.start(`worker${i}`, script));
    await allEndWell(workers);
    const after = await scripts.start(
      "after",
      `local sum = 0
      for _, i in ipairs(state.get("l")) do sum = sum + i end
      print(state.get("n"), #state.get("s"), state.list_length("l"), sum, state.get("c"))`,
    ).finished;
    expect(after.stdout).toBe(`400\t400\t400\t${(16 * 25 * 26) / 2}\t400\n`);
  });

  test("get() under a lock gives what the holder before left, however much is remembered", async () => {
    using sandbox = createSandbox();
    const scripts = onRedis(sandbox, "cached");
    sandbox.write(
      "worker.lua",
      `for _ = 1, 20 do
        assert(state.lock("l", 120))
        state.set("n", state.get("n", 0) + 1)
        state.unlock("l")
        state.get("n")
      end`,
    );
    const options = on(server, "cached", { RUNNER_STATE_CACHE_SIZE: "100" });
    const workers = Array.from({ length: 6 }, () => sandbox.spawn(["run", "worker.lua"], options));
    await allEndWell(workers);
    expect((await scripts.start("after", 'print(state.get("n"))').finished).stdout).toBe("120\n");
  });

  test("a holder that computes for longer than its lease keeps the lock", async () => {
    using sandbox = createSandbox();
    const scripts = onRedis(sandbox, "computing");
    const holder = scripts.start(
      "holder",
      `state.with_lock("l", "a", 1, function()
        print("held")
        local ends = os.time() + 4
        while os.time() < ends do end
        state.set("k", "mine")
      end)
      print(state.get("k"))`,
    );
    await holder.untilStdout("held");
    const other = scripts.start(
      "other",
      'print(pcall(state.lock, "l", "b", 2)) state.with_lock("l", "b", 60, function() print(state.get("k")) end)',
    );
    expect(await holder.finished).toMatchObject({ stdout: "held\nmine\n", stderr: "", exitCode: 0 });
    expect((await other.finished).stdout).toMatch(/^false\tCannot take the lock "l".*\nmine\n$/);
  });

  test("holders that are stopped past their lease and killed never have writes accepted beside those of the next", async () => {
    using sandbox = createSandbox();
    const scripts = onRedis(sandbox, "contended");
    // Each writes what it read under the lock, and one more: a write of a holder that was over would come twice.
    const script = (label: string) => `
      while true do
        pcall(state.with_lock, "l", "${label}", 1, function()
          local n = state.get("n", 0)
          time.sleep(0.002)
          state.set("n", n + 1)
        end)
      end`;
    const workers = Array.from({ length: 4 }, (_, i) => scripts.start(`worker${i}`, script(`${i}`)));
    let holder: Running | undefined;
    for (const [round, signal] of (["SIGSTOP", "SIGKILL", "SIGSTOP"] as const).entries()) {
      await scripts.until({ space: "data", key: "n" }, (entry) => Number(entry?.value.data) > round * 5);
      await scripts.untilLock("l", ({ lease }) => {
        holder = workers.find(({ pid }) => pid === lease?.owner.pid);
        return holder !== undefined;
      });
      holder?.kill(signal);
      const gone = holder?.pid;
      // It may just have let go of the lock; then there is nothing to wait for but another holder.
      await scripts.untilLock("l", ({ lease }) => lease !== undefined && lease.owner.pid !== gone);
      if (signal === "SIGSTOP") holder?.kill("SIGCONT");
    }
    for (const { kill } of workers) kill("SIGKILL");
    await Promise.all(workers.map(({ finished }) => finished));
    await using backend = openRedis(server.url, { agent: "local", options: { prefix: "contended" } });
    const versions = await backend.history("n", { limit: 100_000 });
    const values = versions.map(({ value }) => value?.data).reverse();
    expect(values.length).toBeGreaterThan(5);
    expect(values).toEqual(values.map((_, i) => i + 1));
  });

  test("a run that was killed goes on elsewhere, with another home", async () => {
    using here = createSandbox();
    using there = createSandbox();
    const scripts = onRedis(here, "resumed");
    const script = `
      task({ name = "a", command = function() state.increment("a") State.set("kept", 7) return { n = 1 } end })
      task({ name = "b", depends_on = "a", command = function(this, params, deps)
        state.increment("b")
        while not fs.exists("ok") do time.sleep(0.01) end
        print(deps.a.n, State.get("kept"), state.get("a"))
      end })`;
    const first = scripts.start("script", script);
    await scripts.until({ space: "data", key: "b" }, (entry) => entry !== undefined);
    first.kill("SIGKILL");
    await first.finished;
    here.write("ok", "");
    // The same path, as machines have it that are set up alike.
    const second = await there.run(["run", "script.lua", "--resume"], {
      ...on(server, "resumed"),
      cwd: here.work,
    });
    expect(second).toMatchObject({ stdout: "1\t7\t1\n", exitCode: 0 });
    expect(existsSync(join(there.home, ".sloth-runner/state"))).toBe(false);
  });

  test("a server that dies under load is an error that says so, with exit code 6", async () => {
    using own = await startRedis();
    using sandbox = createSandbox();
    sandbox.write("load.lua", 'for i = 1, 1e9 do state.increment("n") if i == 50 then print("busy") end end');
    const worker = sandbox.spawn(
      ["run", "load.lua"],
      on(own, "dies", { RUNNER_STATE_BUSY_TIMEOUT: "500ms" }),
    );
    await worker.untilStdout("busy");
    await own.kill();
    const { stderr, exitCode } = await worker.finished;
    expect(stderr).toContain(`127.0.0.1:${own.port}`);
    expect(stderr).not.toContain("    at ");
    expect(exitCode).toBe(6);
    const get = await sandbox.run(["state", "get", "n"], on(own, "dies"));
    expect(get).toMatchObject({ stdout: "", exitCode: 6 });
    expect(get.stderr).toContain(`Cannot use "${own.url}/0": nothing listens there.`);
  });

  test("runner state takes the backend from the environment, and shows no password", async () => {
    using own = await startRedis("--requirepass", "s3cret");
    using sandbox = createSandbox();
    const options = on({ url: `redis://:s3cret@127.0.0.1:${own.port}/1` }, "cli");
    await sandbox.run(["state", "set", "k", "v"], options);
    const stats = await sandbox.run(["state", "stats"], options);
    expect(stats.stdout).toContain(`redis://127.0.0.1:${own.port}/1#cli:local`);
    expect(stats.stdout + stats.stderr).not.toContain("s3cret");
    const wrong = await sandbox.run(
      ["state", "get", "k"],
      on({ url: `redis://:no@127.0.0.1:${own.port}` }, "cli"),
    );
    expect(wrong).toMatchObject({ stdout: "", exitCode: 6 });
    expect(wrong.stderr).toContain("the password is wrong");
    expect(wrong.stderr).not.toContain(":no@");
  });

  test("state backup writes a file that state restore brings back", async () => {
    using sandbox = createSandbox();
    const scripts = onRedis(sandbox, "restored");
    const options = on(server, "restored");
    await scripts.start("fill", 'state.set("a", { 1, "\\255" }) state.set("b", 2, 1000)').finished;
    expect((await sandbox.run(["state", "backup", "b.db"], options)).exitCode).toBe(0);
    await scripts.start("change", 'state.set("a", 0) state.set("c", 3) state.delete("b")').finished;
    const restored = await sandbox.run(["state", "restore", "b.db", "--yes"], options);
    expect(restored).toMatchObject({ stderr: "", exitCode: 0 });
    expect(restored.stdout).toContain("/backups/local-");
    const after =
      'print(state.get("a")[2] == "\\255", state.get("b"), state.get_ttl("b") > 0, state.exists("c"))';
    expect((await scripts.start("after", after).finished).stdout).toBe("true\t2\ttrue\tfalse\n");
  });

  test("state migrate moves a store from sqlite to redis and back without a difference", async () => {
    using sandbox = createSandbox();
    const fill = await sandbox.runLua(`
      local deep = {}
      for _ = 1, 100 do deep = { deep } end
      state.set_many({
        text = "é\\0\\n🦆", bytes = "\\255\\0x", int = math.maxinteger, float = 1.0, huge = 1e300, inf = math.huge,
        yes = true, no = false, empty = {}, mixed = { 1, 2, x = { y = "\\255" } }, sparse = { [5] = 1 }, deep = deep,
      })
      state.set("ttl", 1, 5000)
      state.set("nan", 0/0)
      state.list_push("l", 1, 2.0, "x")
      state.once("o", function() return { 1 } end)
      for i = 1, 1200 do state.set("many:" .. i, i) end`);
    expect(fill).toMatchObject({ stderr: "", exitCode: 0 });
    const source = join(sandbox.home, ".sloth-runner/state/local.db");
    const back = join(sandbox.work, "back.db");
    const url = `${server.url}/3`;
    const lines = async (...where: string[]) => {
      const { stdout } = await sandbox.run(["state", "export", ...where]);
      return stdout
        .split("\n")
        .slice(1, -2)
        .map((line) => line.replace(/"revision":\d+,/, ""));
    };
    const there = await sandbox.run(["state", "migrate", "--from", `sqlite:${source}`, "--to", url]);
    expect(there).toMatchObject({ stderr: "", exitCode: 0 });
    expect(there.stdout).toContain("both sides are equal");
    const again = await sandbox.run(["state", "migrate", "--from", `sqlite:${source}`, "--to", url]);
    expect(again.exitCode).toBe(0);
    const home = await sandbox.run(["state", "migrate", "--from", url, "--to", `sqlite:${back}`]);
    expect(home).toMatchObject({ stderr: "", exitCode: 0 });
    expect(await lines("--db", back)).toEqual(await lines("--db", source));
    const revision = async (db: string) =>
      JSON.parse((await sandbox.run(["state", "stats", "-o", "json", "--db", db])).stdout).revision;
    expect(await revision(back)).toBeGreaterThan(await revision(source));
    const ran = "state.once('o', function() error('ran again') end)";
    sandbox.write("once.lua", ran);
    expect(await sandbox.run(["run", "once.lua", "--db", back])).toMatchObject({ stderr: "", exitCode: 0 });
  });
});
