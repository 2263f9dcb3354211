import { join } from "node:path";
import { alternate, type Lab, type Measurement } from "./harness.ts";
import { compileFloor, createHome, environment, timeProcess, writeLua } from "./programs.ts";

const rounds = (lab: Lab) => (lab.quick ? 20 : 150);

/** From the start of a process to its end, against the least compiled program that does the same. */
export const COLD: readonly Measurement[] = [
  {
    name: "cold state get",
    async run(lab) {
      const floor = await compileFloor("get");
      const home = createHome(lab);
      const env = environment(home);
      timeProcess([lab.runner, "state", "set", "key", "value"], env);
      const file = join(home, "state", "local.db");
      const samples = await alternate(
        rounds(lab),
        () => timeProcess([lab.runner, "state", "get", "key"], env),
        () => timeProcess([floor, file, "key"], env),
      );
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1.5 }, ...samples }];
    },
  },
  {
    name: "cold run hello.lua",
    async run(lab) {
      const floor = await compileFloor("lua");
      const env = environment(createHome(lab));
      const script = writeLua(lab, "hello", 'print("hello")\n');
      const samples = await alternate(
        rounds(lab),
        () => timeProcess([lab.runner, "run", script], env),
        () => timeProcess([floor, script], env),
      );
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1.2 }, ...samples }];
    },
  },
  startOf("--help"),
  startOf("--version"),
];

function startOf(option: string): Measurement {
  return {
    name: `runner ${option}`,
    async run(lab) {
      const floor = await compileFloor("empty");
      const env = environment(createHome(lab));
      const samples = await alternate(
        rounds(lab),
        () => timeProcess([lab.runner, option], env),
        () => timeProcess([floor], env),
      );
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1.5 }, ...samples }];
    },
  };
}
