import { type Measurement, median } from "./harness.ts";
import { createHome, environment, readNumbers, writeLua } from "./programs.ts";

/** How often each of the two processes takes the lock. */
const TIMES = 100;

/** A lock that two processes wait for in turn: from one's unlock to the other's acquisition. */
export const HANDOVER: readonly Measurement[] = [
  {
    name: "lock handover",
    async run(lab) {
      // Holding it until the other waits makes every acquisition one of a waiter.
      const script = writeLua(
        lab,
        "handover",
        `local events = {}
for i = 1, ${TIMES} do
  assert(state.lock("turn", 60))
  events[#events + 1] = time.now()
  time.sleep(0.005)
  events[#events + 1] = time.now()
  state.unlock("turn")
end
for _, at in ipairs(events) do print(string.format("%.6f", at)) end
`,
      );
      const rounds: number[] = [];
      for (let round = 0; round < (lab.quick ? 1 : 5); round++) {
        const env = environment(createHome(lab));
        const both = [0, 1].map(() => readNumbers([lab.runner, "run", script], env));
        rounds.push(median(handovers(await Promise.all(both))));
      }
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 10 }, ours: rounds }];
    },
  },
];

/** Seconds as each process noted them, by turns of having and letting go; milliseconds of each change of hands. */
function handovers(processes: readonly (readonly number[])[]): number[] {
  const turns = processes
    .flatMap((times, process) =>
      times.flatMap((had, i) => (i % 2 === 0 ? [{ process, had, left: times[i + 1] ?? had }] : [])),
    )
    .sort((a, b) => a.had - b.had);
  return turns.flatMap(({ process, had }, i) => {
    const before = turns[i - 1];
    return before === undefined || before.process === process ? [] : [(had - before.left) * 1000];
  });
}
