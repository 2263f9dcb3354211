import { hold, type Trial } from "../trial.ts";

const HOUR = 3600;
const JUMPS = [HOUR, -HOUR, 10 * 365 * 24 * HOUR, -10 * 365 * 24 * HOUR, 0];

/** Under a lock, read and write apart: two holders at once would lose a number. */
const WORKER = `
for i = 1, 12 do
  state.with_lock("l", function()
    local n = state.get("n", 0)
    time.sleep(0.005)
    state.set("n", n + 1)
  end, 60)
  io.write("done\\n") io.flush()
end`;

/** The wall clock is moved by an hour or ten years, while processes hold and wait: leases do not notice, expiry follows. */
export const CLOCK: Trial = {
  name: "wall clock moved",
  rounds: { short: 2, long: 60 },
  async run({ createFaultySandbox, rounds, random }) {
    let jumps = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createFaultySandbox();
      const clock = sandbox.write("clock", "0");
      const env = { CLOCK_FILE: clock };
      sandbox.write("worker.lua", WORKER);
      const workers = Array.from({ length: 3 }, () => sandbox.spawn(["run", "worker.lua"], { env }));
      for (let i = 1; i <= 6; i++) {
        await workers[0]?.untilStdout("done\n".repeat(i));
        sandbox.write("clock", String(random.pick(JUMPS)));
        jumps++;
      }
      const failed = (await Promise.all(workers.map(({ finished }) => finished))).find(
        ({ exitCode }) => exitCode !== 0,
      );
      hold("nobody hangs or fails", failed === undefined, failed?.stderr);
      sandbox.write("clock", "0");
      const { stdout } = await sandbox.run(["state", "get", "n"], { env });
      hold("there was one holder at a time", stdout === "36\n", stdout);
      await sandbox.run(["state", "set", "expiring", "x", "--ttl", "30m"], { env });
      for (const [offset, code] of [
        [-HOUR, 0],
        [0, 0],
        [HOUR, 3],
      ] as const) {
        sandbox.write("clock", String(offset));
        const { exitCode } = await sandbox.run(["state", "get", "expiring"], { env });
        hold(`an expiry in half an hour, looked at ${offset} s from now`, exitCode === code, exitCode);
        jumps++;
      }
    }
    return { jumps, hung: 0, "two holders": 0 };
  },
};
