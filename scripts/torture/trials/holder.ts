import { hold, type Trial } from "../trial.ts";

const HOLDER = `state.lock("l") print("held") io.flush() time.sleep(60)`;
const WAITER = `print("waiting") io.flush() assert(state.lock("l", 60)) print("got", time.now())`;

/** A holder on this machine is killed: who waits has its lock, long before the lease has ended. */
export const HOLDER_KILLED: Trial = {
  name: "lock holder killed, another waits",
  rounds: { short: 2, long: 100 },
  backends: ["redis"],
  async run({ createSandbox, rounds, random }) {
    const took: number[] = [];
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      sandbox.write("holder.lua", HOLDER);
      sandbox.write("waiter.lua", WAITER);
      const holder = sandbox.spawn(["run", "holder.lua"]);
      await holder.untilStdout("held");
      const waiter = sandbox.spawn(["run", "waiter.lua"]);
      await waiter.untilStdout("waiting");
      await Bun.sleep(random.integer(0, 60));
      holder.kill("SIGKILL");
      await holder.finished;
      const killed = Date.now();
      const { stdout, stderr } = await waiter.finished;
      const got = Number(/got\t([\d.]+)/.exec(stdout)?.[1]);
      hold("the waiter gets it", Number.isFinite(got), stderr);
      took.push(got * 1000 - killed);
    }
    took.sort((a, b) => a - b);
    const at = (part: number) => `${Math.round(took[Math.floor(part * (took.length - 1))] ?? 0)} ms`;
    return { kills: rounds, "median wait": at(0.5), "longest wait": at(1) };
  },
};
