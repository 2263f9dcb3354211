import { join } from "node:path";
import { alternate, type Lab, type Measurement, quantile } from "./harness.ts";
import {
  compileFloor,
  createHome,
  type Durability,
  environment,
  floorCommand,
  readNumbers,
  writeLua,
} from "./programs.ts";

const PROCESSES = 8;
const TIMES = 1_000;

/** Seconds in which all processes are up and wait for the common start. */
const HEAD_START = 1;

/** The last of them, in which they look at the clock: for all of that time, they would only train the compilers on it. */
const SPUN = 0.005;

/** Several processes that increment one key at once. */
export const CONTENTION: readonly Measurement[] = (["full", "normal"] as const).map((durability) => ({
  name: `${PROCESSES} processes on one key (${durability})`,
  async run(lab) {
    const races: Race[] = [];
    const fromLua: number[] = [];
    const lua = [await compileFloor("contend-lua")];
    const samples = await alternate(
      lab.quick ? 1 : 5,
      async () => {
        races.push(await raceOurs(lab, durability));
        return (races.at(-1)?.wall ?? Number.NaN) * 1000;
      },
      async () => {
        fromLua.push((await raceBare(lab, durability, lua)).wall * 1000);
        return (await raceBare(lab, durability, floorCommand("contend"))).wall * 1000;
      },
    );
    // The first race is the one that `alternate` drops.
    const slowest = (q: number) => races.slice(1).map(({ took }) => quantile(took, q) * 1000);
    return [
      { name: `${this.name}: throughput`, unit: "ms", ratio: "speed", reach: { atLeast: 0.8 }, ...samples },
      {
        name: `${this.name}: bare, from Lua`,
        unit: "ms",
        ratio: "speed",
        ours: fromLua.slice(1),
        floor: samples.floor,
      },
      {
        name: `${this.name}: p99.9`,
        unit: "ms",
        ratio: "cost",
        reach: { atMost: 250 },
        ours: slowest(0.999),
      },
      { name: `${this.name}: slowest`, unit: "ms", ratio: "cost", ours: slowest(1) },
    ];
  },
}));

/** Seconds from the common start to the last end, and what each increment took. */
interface Race {
  readonly wall: number;
  readonly took: readonly number[];
}

async function race(command: (begin: number) => string[], env: Record<string, string>): Promise<Race> {
  const begin = Date.now() / 1000 + HEAD_START;
  const printed = await Promise.all(
    Array.from({ length: PROCESSES }, () => readNumbers(command(begin), env)),
  );
  return {
    wall: Math.max(...printed.map(([end = Number.NaN]) => end)) - begin,
    took: printed.flatMap(([, ...took]) => took),
  };
}

async function raceOurs(lab: Lab, durability: Durability): Promise<Race> {
  const env = environment(createHome(lab), durability);
  const script = writeLua(
    lab,
    "contend",
    `local took, begin = {}, tonumber(values.begin)
time.sleep(math.max(0, begin - time.now() - ${SPUN}))
while time.now() < begin do end
for i = 1, ${TIMES} do
  local start = time.now()
  state.increment("counter")
  took[i] = time.now() - start
end
print(time.now())
print(table.concat(took, "\\n"))
`,
  );
  const result = await race((begin) => [lab.runner, "run", script, "--set", `begin=${begin}`], env);
  const [counted] = await readNumbers([lab.runner, "state", "get", "counter"], env);
  if (counted !== PROCESSES * TIMES) throw new Error(`The counter is ${counted}, not ${PROCESSES * TIMES}.`);
  return result;
}

/** The race of a floor, by its program and first arguments. */
async function raceBare(lab: Lab, durability: Durability, program: readonly string[]): Promise<Race> {
  const home = createHome(lab);
  const env = environment(home);
  const command = (times: number, begin: number) => [
    ...program,
    ...[join(home, "bare.db"), durability.toUpperCase(), String(times), String(begin)],
  ];
  // Its busy handler does not wait for others that make the same new file.
  await readNumbers(command(0, 0), env);
  return race((begin) => command(TIMES, begin), env);
}
