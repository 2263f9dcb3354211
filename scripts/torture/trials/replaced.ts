import { copyFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hold, type Trial } from "../trial.ts";

const WRITER = `
for i = 1, math.huge do
  state.set("n", i)
  print(i, time.now())
  io.flush()
  time.sleep(0.005)
end`;

const WAYS = ["removed", "replaced by a copy", "replaced by another"] as const;

/** The file of a store is taken away under a process that writes: it notices, and says so. */
export const REPLACED: Trial = {
  name: "database file removed or replaced under a writer",
  rounds: { short: 3, long: 60 },
  async run({ createSandbox, rounds, random }) {
    let longest = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      sandbox.write("writer.lua", WRITER);
      const db = join(sandbox.work, "store.db");
      await sandbox.run(["state", "set", "other", "x", "--db", join(sandbox.work, "other.db")]);
      const writer = sandbox.spawn(["run", "writer.lua", "--db", db]);
      await writer.untilStdout(`\n${random.integer(2, 40)}\t`);
      const way = WAYS[round % WAYS.length] ?? WAYS[0];
      const aside = join(sandbox.work, "aside.db");
      copyFileSync(way === "replaced by a copy" ? db : join(sandbox.work, "other.db"), aside);
      if (way === "removed") rmSync(db);
      else renameSync(aside, db);
      const at = Date.now();
      const { exitCode, stderr, stdout } = await writer.finished;
      const last = Number(stdout.trim().split("\n").at(-1)?.split("\t")[1]) * 1000;
      longest = Math.max(longest, last - at);
      hold(`a store that was ${way} is noticed`, exitCode === 6 || exitCode === 1, { exitCode, stderr });
      hold("it says what has happened", /removed|replaced|moved|deleted|gone/.test(stderr), stderr);
    }
    return { files: rounds, "longest after it": `${Math.max(0, Math.round(longest))} ms` };
  },
};
