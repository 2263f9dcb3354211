import { join } from "node:path";
import { alternate, type Lab, type Measurement, type Row } from "./harness.ts";
import { findPeer, PEERS, type Peer } from "./peers.ts";
import { compileFloor, createHome, type Durability, environment, timeProcess, writeLua } from "./programs.ts";

/** Shell tasks of one file. */
const SHELL_TASKS = 1000;

/** Task files as against the least that does the same, and as against other runners. */
export const TASKS: readonly Measurement[] = [
  {
    name: "10000 tasks (normal)",
    async run(lab) {
      const samples = await compareCommits(lab, "normal");
      return [
        { name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1000 }, ours: samples.ours },
        { name: `${this.name}: against bare commits`, unit: "ms", ratio: "cost", ...samples },
      ];
    },
  },
  {
    name: "10000 tasks (full)",
    async run(lab) {
      const samples = await compareCommits(lab, "full");
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1.4 }, ...samples }];
    },
  },
  {
    name: "growth from 1000 to 100000 tasks, each",
    async run(lab) {
      const start = timeNothings(lab, 1, "normal");
      const each = (count: number) => (timeNothings(lab, count, "normal") - start) / count;
      // Linear up to what the larger trees of the store cost, and the noise of the machine.
      const samples = await alternate(
        lab.quick ? 1 : 3,
        () => each(100_000),
        () => each(1000),
      );
      return [{ name: this.name, unit: "ms", ratio: "cost", reach: { atMost: 1.2 }, ...samples }];
    },
  },
  ...[1, 4].map((jobs) => shellTasks(jobs)),
];

/** Milliseconds of a run of so many tasks that do nothing, the start of the process included. */
function timeNothings(lab: Lab, count: number, durability: Durability): number {
  const script = writeLua(
    lab,
    `nothings-${count}`,
    `for i = 1, ${count} do task("task-" .. i):command(function() return true end):build() end\n`,
  );
  return timeProcess([lab.runner, "run", script], environment(createHome(lab), durability));
}

async function compareCommits(lab: Lab, durability: Durability) {
  const floor = await compileFloor("commits");
  return alternate(
    lab.quick ? 2 : 9,
    () => timeNothings(lab, 10_000, durability),
    () => {
      const home = createHome(lab);
      return timeProcess(
        [floor, join(home, "bare.db"), durability.toUpperCase(), "10000"],
        environment(home),
      );
    },
  );
}

/** Against the floor, and against each peer that is there; ours and a peer's take turns as well. */
function shellTasks(jobs: number): Measurement {
  const name = `1000 shell tasks, ${jobs} at a time`;
  return {
    name,
    async run(lab) {
      const floor = await compileFloor("shell");
      const script = writeLua(
        lab,
        "shells",
        `for i = 1, ${SHELL_TASKS} do task("task-" .. i):command("true"):build() end\n`,
      );
      const ours = () =>
        timeProcess([lab.runner, "run", script, "--jobs", String(jobs)], environment(createHome(lab)));
      const bare = () => {
        const home = createHome(lab);
        return timeProcess(
          [floor, join(home, "bare.db"), String(SHELL_TASKS), String(jobs)],
          environment(home),
        );
      };
      const samples = await alternate(lab.quick ? 2 : 9, ours, bare);
      const rows: Row[] = [{ name, unit: "ms", ratio: "cost", reach: { atMost: 1.2 }, ...samples }];
      for (const peer of PEERS) rows.push(await beside(lab, peer, { name, jobs, ours }));
      return rows;
    },
  };
}

async function beside(
  lab: Lab,
  peer: Peer,
  { name, jobs, ours }: { name: string; jobs: number; ours: () => number },
): Promise<Row> {
  const row = `${name}: ${peer.name}`;
  const program = findPeer(peer.name);
  if (program === undefined) return { name: row, missing: `not installed: ${peer.install}` };
  const folder = createHome(lab);
  const command = peer.prepare({ program, folder, count: SHELL_TASKS, jobs });
  if (command === undefined) return { name: row, missing: "runs one at a time only" };
  const theirs = () => timeProcess(command, { ...environment(folder), ...peer.env?.(folder) });
  const samples = await alternate(lab.quick ? 1 : 5, ours, theirs);
  return { name: row, unit: "ms", ratio: "speed", ...(peer.reach && { reach: peer.reach }), ...samples };
}
