import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isRunning } from "../../../test/helpers/alive.ts";
import type { Running, Sandbox } from "../../../test/helpers/binary.ts";
import { hold, type Trial } from "../trial.ts";

/** A command with children and grandchildren, all of which say who they are, under a lock. */
const FILE = `
task({ name = "before", run = function() return true end })
task({ name = "busy", lock = "l", timeout = values.limit, run = [[
  test -e ok && exit 0
  family() { echo $$ >> pids; sh -c 'echo $$ >> pids; sleep 300 & echo $! >> pids; wait' & sleep 300 & echo $! >> pids; }
  family; echo up; wait ]] })
task({ name = "after", depends_on = "busy", run = "true" })`;

/** How it ends, with which exit code, and the options for one that ends it after so many seconds. */
const WAYS = [
  { name: "SIGINT", code: 130, limit: () => [] },
  { name: "SIGTERM", code: 143, limit: () => [] },
  { name: "timeout", code: 1, limit: (seconds: number) => ["--set", `limit=${seconds}`] },
  { name: "whole run", code: 124, limit: (seconds: number) => ["--timeout", `${seconds}s`] },
] as const;

/** A run with grandchildren is ended in each way: nothing of it is left, its lock is free, and it can be taken up. */
export const ENDINGS: Trial = {
  name: "Ctrl-C, SIGTERM and timeouts with grandchildren",
  rounds: { short: 4, long: 120 },
  backends: ["redis"],
  async run({ createSandbox, rounds, random }) {
    const env = { PATH: process.env.PATH ?? "" };
    const figures = { endings: rounds, "processes left": 0, "locks left": 0, "resumes refused": 0 };
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      sandbox.write("runner.lua", FILE);
      // Round by round, so that few rounds meet each way, too.
      const way = WAYS[round % WAYS.length] ?? WAYS[0];
      const run = await startBusy(sandbox, way, env);
      await Bun.sleep(random.integer(0, 30));
      if (way.name === "SIGINT" || way.name === "SIGTERM") run.kill(way.name);
      const { exitCode, stderr } = await run.finished;
      hold(`${way.name} ends it with ${way.code}`, exitCode === way.code, { exitCode, stderr });
      const left = pids(sandbox).filter(isRunning);
      hold("no process of its group is left", left.length === 0, left);
      const locks = await sandbox.run(["lock", "list", "-o", "json"], { env });
      hold("its lock is free", JSON.parse(locks.stdout).length === 0, locks.stdout);
      sandbox.write("ok", "");
      const resumed = await sandbox.run(["run", "--resume"], { env });
      hold("it can be taken up", resumed.exitCode === 0, resumed.stderr);
    }
    return figures;
  },
};

/** The run with its whole family up; a limit that was over before, as on a machine under load, gets longer. */
async function startBusy(
  sandbox: Sandbox,
  way: (typeof WAYS)[number],
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  for (let seconds = 0.5; ; seconds *= 2) {
    const run = sandbox.spawn(["run", ...way.limit(seconds)], { env });
    const isUp = await run.untilStdout("up").then(
      () => true,
      () => false,
    );
    if (isUp || (await run.finished).exitCode !== way.code) return run;
  }
}

/** A script that notes when another of it runs at the same time. */
const COMMAND = `
if [ -s pid ] && grep -q '^[0-9]* (.*) [^ZX]' "/proc/$(cat pid)/stat" 2>/dev/null; then echo twice >> twice; fi
echo $$ > pid; echo $$ >> pids; echo up; test -e ok || sleep 300`;

/** The process is killed while a command runs: that command is gone before its task runs again. */
export const ORPHANS: Trial = {
  name: "runner killed while a command runs, then resumed",
  rounds: { short: 2, long: 80 },
  backends: ["redis"],
  async run({ createSandbox, rounds, random }) {
    const env = { PATH: process.env.PATH ?? "" };
    let resumes = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      sandbox.write("runner.lua", `task({ name = "a", run = [[${COMMAND}]] })`);
      let run = sandbox.spawn(["run"], { env });
      for (let kill = random.integer(1, 3); kill > 0; kill--) {
        await run.untilStdout("up");
        run.kill("SIGKILL");
        await run.finished;
        if (kill === 1) sandbox.write("ok", "");
        run = sandbox.spawn(["run", "--resume"], { env });
        resumes++;
      }
      const { exitCode, stderr } = await run.finished;
      hold("the last one ends well", exitCode === 0, stderr);
      hold("never two at once", !(await Bun.file(join(sandbox.work, "twice")).exists()));
      const left = pids(sandbox).filter(isRunning);
      hold("none is left", left.length === 0, left);
    }
    return { kills: resumes, "two at once": 0, "processes left": 0 };
  },
};

function pids(sandbox: Sandbox): number[] {
  return readFileSync(join(sandbox.work, "pids"), "utf8").trim().split("\n").map(Number);
}
