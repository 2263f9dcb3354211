// Runs the shell command `true` and reads what it printed, one after another. Arguments: how many make a round, how
// many rounds. Prints each round's ms per command; the round before them warms up.
const [ops, rounds] = process.argv.slice(2);

for (let round = 0; round <= Number(rounds); round++) {
  const begin = Bun.nanoseconds();
  for (let i = 0; i < Number(ops); i++) {
    const child = Bun.spawn(["/bin/sh", "-c", "true"], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  }
  const each = (Bun.nanoseconds() - begin) / 1e6 / Number(ops);
  if (round > 0) console.log(each);
}

// Without it TypeScript takes the file for a script, whose names are global.
export {};
