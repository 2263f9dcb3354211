import { existsSync } from "node:fs";
import { alternate, type Measurement } from "./harness.ts";
import { compareLoops } from "./loop.ts";
import { peakMemory, TIME } from "./memory.ts";
import { compileFloor, createHome, environment, floorCommand, writeLua } from "./programs.ts";

/** Commands that runner starts, and what runner itself takes as a process. */
export const PROCESS: readonly Measurement[] = [
  {
    name: 'exec.run("true")',
    async run(lab) {
      const samples = await compareLoops(lab, {
        name: "exec",
        ours: { setup: "", operation: 'exec.run("true")', perSecond: 1e3 },
        ops: 100,
        rounds: 5,
        durability: "full",
        floor: () => floorCommand("spawn"),
      });
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1.2 }, ...samples }];
    },
  },
  {
    name: "peak memory of run hello.lua",
    async run(lab) {
      if (!existsSync(TIME)) return [{ name: this.name, missing: `needs GNU time as ${TIME}` }];
      const floor = await compileFloor("lua");
      const env = environment(createHome(lab));
      const script = writeLua(lab, "hello", 'print("hello")\n');
      const samples = await alternate(
        lab.quick ? 3 : 15,
        () => peakMemory([lab.runner, "run", script], env),
        () => peakMemory([floor, script], env),
      );
      return [{ name: this.name, unit: "MiB", ratio: "cost", reach: { atMost: 1.3 }, ...samples }];
    },
  },
];
