import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alternate, type Lab, type Measurement, type Row } from "./harness.ts";
import { peakMemory, TIME } from "./memory.ts";
import { compileFloor, createHome, environment, timeProcess } from "./programs.ts";

/** Keys of the large store, and of the small one beside it. */
const LARGE = 1_000_000;
const SMALL = 10_000;
/** A prefix that 100 keys have in both. */
const PREFIX = "user:00005";
const KEY = "user:0000555:name";

/** What a million keys cost: single ones as against ten thousand, and all of them. */
export const MILLION: readonly Measurement[] = [
  {
    name: "a million keys",
    async run(lab) {
      const [large, small] = [fill(lab, LARGE), fill(lab, SMALL)];
      const count = await compileFloor("count");
      const rounds = lab.quick ? 5 : 40;
      const command =
        (home: string, ...words: string[]) =>
        () =>
          timeProcess([lab.runner, "state", ...words], environment(home));
      const beside = async (name: string, words: string[]): Promise<Row> => {
        const samples = await alternate(rounds, command(large, ...words), command(small, ...words));
        return {
          name: `${name} of a million keys`,
          unit: "ms",
          ratio: "cost",
          reach: { atMost: 1.5 },
          ...samples,
        };
      };
      const stats = await alternate(rounds, command(large, "stats"), () =>
        timeProcess([count, join(large, "state", "local.db")], environment(large)),
      );
      return [
        await beside("get", ["get", KEY]),
        await beside("list 100", ["list", PREFIX]),
        { name: "stats of a million keys", unit: "ms", ratio: "cost", reach: { atMost: 3 }, ...stats },
        ...exportRows(lab, large),
      ];
    },
  },
];

/** 200,000 entries a second are 5,000 ms for all. */
function exportRows(lab: Lab, home: string): Row[] {
  const rounds = Array.from({ length: lab.quick ? 1 : 5 });
  const argv = [lab.runner, "state", "export"];
  const took = rounds.map(() => timeProcess(argv, environment(home)));
  const time: Row = {
    name: "export of a million keys",
    unit: "ms",
    ratio: "cost",
    reach: { atMost: 5000 },
    ours: took,
  };
  const name = "peak memory of that export";
  if (!existsSync(TIME)) return [time, { name, missing: `needs GNU time as ${TIME}` }];
  const peaks = rounds.map(() => peakMemory(argv, environment(home)));
  return [time, { name, unit: "MiB", ratio: "cost", reach: { atMost: 100 }, ours: peaks }];
}

/** A home whose store has so many keys. */
function fill(lab: Lab, keys: number): string {
  const home = createHome(lab);
  const file = join(lab.folder, `${keys}.jsonl`);
  const lines = Array.from({ length: keys }, (_, i) => {
    const name = `user:${String(i).padStart(7, "0")}:name`;
    return JSON.stringify({ key: name, value: `value number ${i} of the store` });
  });
  writeFileSync(file, lines.join("\n"));
  timeProcess([lab.runner, "state", "import", file, "--unchecked"], environment(home));
  return home;
}
