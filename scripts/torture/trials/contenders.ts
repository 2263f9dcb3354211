import { hold, type Trial } from "../trial.ts";

const CONTENDERS = 6;

/** Seconds of a lease: a stopped contender sleeps past it. */
const LEASE = 1;

/**
 * Reads and writes apart, so that two holders at once would lose a number. A refused write is what a lost lease
 * must come to; a contender that could not get the lock in time asks again.
 */
const CONTENDER = `
local done = 0
while done < values.times do
  local ok, problem = pcall(state.with_lock, "l", "contender:" .. values.id, ${LEASE}, function()
    local n = state.get("n", 0)
    io.write("inside\\n") io.flush()
    for _ = 1, math.random(3) do time.sleep(0.001) end
    state.set("n", n + 1)
    state.list_push("log", n + 1)
  end)
  if ok then done = done + 1
  elseif problem.code == "lock_lost" then io.write("lost\\n") io.flush()
  elseif problem.code ~= "lock_timeout" then error(problem) end
end
print("done", done)`;

/** What it comes to, from one reading. */
const READER = `
local log = state.get("log", {})
for i = 2, #log do assert(log[i - 1] < log[i], "two holders: " .. log[i - 1] .. " before " .. log[i]) end
print(state.get("n", 0), #log)`;

/** Contenders for one lock that are killed, or stopped for longer than a lease: never two whose writes both land. */
export const CONTENDERS_TRIAL: Trial = {
  name: "lock contenders, killed and stopped",
  rounds: { short: 1, long: 30 },
  backends: ["redis"],
  async run({ createSandbox, rounds, random }) {
    let landed = 0;
    let lost = 0;
    let stops = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      sandbox.write("contender.lua", CONTENDER);
      sandbox.write("reader.lua", READER);
      const times = 8;
      const contenders = Array.from({ length: CONTENDERS }, (_, id) =>
        sandbox.spawn(["run", "contender.lua", "--set", `id=${id}`, "--set", `times=${times}`]),
      );
      const [killed, stopped, ...others] = contenders;
      if (killed === undefined || stopped === undefined) throw new Error("There are too few contenders.");
      await killed.untilStdout("inside\n".repeat(random.integer(1, 3)));
      killed.kill("SIGKILL");
      await stopped.untilStdout("inside");
      stopped.kill("SIGSTOP");
      stops++;
      // No luck in it: whether the lease ended meanwhile is counted, not assumed.
      await Bun.sleep((LEASE + random.next()) * 1000);
      stopped.kill("SIGCONT");
      const ended = await Promise.all([stopped, ...others].map(({ finished }) => finished));
      const failed = ended.find(({ exitCode }) => exitCode !== 0);
      hold("the others end", failed === undefined, failed?.stderr);
      lost += ended.flatMap(({ stdout }) => stdout.match(/^lost$/gm) ?? []).length;
      const { stdout, stderr, exitCode } = await sandbox.run(["run", "reader.lua"]);
      hold("there was one holder at a time", exitCode === 0, stderr);
      const [n = 0, logged = 0] = stdout.trim().split("\t").map(Number);
      const acknowledged = (CONTENDERS - 1) * times;
      // Beyond what was acknowledged, the killed one's, and a number whose lease ended before its line in the log.
      hold("every acknowledged write is there", logged >= acknowledged && n >= logged, {
        acknowledged,
        n,
        logged,
      });
      landed += logged;
    }
    return { kills: rounds, stops, "writes landed": landed, "writes refused": lost, "two holders": 0 };
  },
};
