// Runs the shell command `true` through pipes and commits one record of each. Arguments: the file, how many, how many
// at the same time. Its cost is that of the whole process.
import { openCommits } from "./commit.ts";

const [file = "", times, jobs] = process.argv.slice(2);
const commit = openCommits(file, "FULL");
let next = 0;

async function work(): Promise<void> {
  while (next < Number(times)) {
    const task = `task-${next++}`;
    const child = Bun.spawn(["/bin/sh", "-c", "true"], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    commit(task);
  }
}

await Promise.all(Array.from({ length: Number(jobs) }, work));
