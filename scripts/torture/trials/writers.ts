import { hold, type Trial } from "../trial.ts";

/** Each push goes into one commit with its count, so that half of one would show. */
const WRITER = `
for i = 1, math.huge do
  state.transaction(function(tx)
    tx.list_push(values.name, i)
    tx.set(values.name .. ":count", i)
    if i % 3 == 0 then tx.set(values.name .. ":big", string.rep("x", math.random(20000))) end
  end)
  io.write(i, "\\n") io.flush()
end`;

/** Looks at everything that one writer left. */
const READER = `
for _, name in ipairs(state.need("names")) do
  local list, count = state.get(name, {}), state.get(name .. ":count", 0)
  for i, value in ipairs(list) do assert(i == value, name .. ": item " .. i .. " is " .. value) end
  assert(#list == count, name .. ": " .. #list .. " items, but counted " .. count)
  print(name, count)
end`;

/** Writers that are killed while the others write on: what was acknowledged is there, whole, and the file is good. */
export const WRITERS: readonly Trial[] = (["normal", "full"] as const).map((durability) => ({
  name: `8 writers, killed at random (${durability})`,
  rounds: { short: 1, long: 25 },
  backends: durability === "full" ? [] : ["redis"],
  async run(arena) {
    using sandbox = await arena.createSandbox();
    const env = { RUNNER_STATE_DURABILITY: durability };
    sandbox.write("writer.lua", WRITER);
    sandbox.write("reader.lua", READER);
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < arena.rounds; round++) {
      const writers = Array.from({ length: 8 }, async (_, i) => {
        const name = `writer:${round}:${i}`;
        const writer = sandbox.spawn(["run", "writer.lua", "--set", `name=${name}`], { env });
        await writer.untilStdout(`\n${arena.random.integer(2, 60)}\n`);
        writer.kill("SIGKILL");
        const { stdout } = await writer.finished;
        // The last line may be cut; what stands before it was said in whole.
        acknowledged.set(name, Number(stdout.split("\n").at(-2)));
      });
      await Promise.all(writers);
    }
    await sandbox.run(["state", "set", "names", "--json", JSON.stringify([...acknowledged.keys()])], { env });
    const { stdout, stderr, exitCode } = await sandbox.run(["run", "reader.lua"], { env });
    hold("nothing is half done", exitCode === 0, stderr);
    const kept = new Map(
      stdout
        .trim()
        .split("\n")
        .map((line): [string, number] => {
          const [name = "", count] = line.split("\t");
          return [name, Number(count)];
        }),
    );
    for (const [name, count] of acknowledged) {
      const there = kept.get(name) ?? 0;
      // One more than it said: committed, and killed before it could say so.
      hold(`what ${name} acknowledged is there`, there === count || there === count + 1, { count, there });
    }
    const verified = await sandbox.run(["state", "verify"], { env });
    hold("the store is whole", verified.exitCode === 0, verified.stdout + verified.stderr);
    const total = [...acknowledged.values()].reduce((sum, count) => sum + count, 0);
    return { kills: acknowledged.size, "writes acknowledged": total, "writes lost": 0 };
  },
}));
