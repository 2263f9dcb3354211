import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BinaryOptions, Running, Sandbox } from "../../../test/helpers/binary.ts";
import { hold, type Trial } from "../trial.ts";

const TASKS = 30;
/** Every so manieth task, from the first on, does nothing that anybody outside could see. */
const QUIET = 4;
const KILLED = 137;

/**
 * Each task but the quiet ones says in a file that it ran, as its last act before it succeeds: a task may begin again
 * after a kill, but not after its success was journaled, which is after its line. Nor may there be a line of a task of
 * whose start the journal knows nothing.
 */
const FILE = `
local log_file = io.open("log", "a")
for i = 1, ${TASKS} do
  task({
    name = "t" .. i,
    depends_on = i > 3 and { "t" .. math.max(1, i - math.random(3)) } or nil,
    run = i % ${QUIET} ~= 1 and i % 3 == 0 and "echo ran " .. i .. " >> log" or function(this)
      if i % ${QUIET} == 1 then return true end
      if i % 2 == 0 then fs.append("log", "ran " .. i .. "\\n") else log_file:write("ran " .. i .. "\\n") end
      if i % 5 == 0 then time.sleep(0.003) end
      return true, "ok", { number = i }
    end,
  })
end`;

/** A run that is killed at random moments and taken up until it ends. */
export const RESUMES: Trial = {
  name: "runs, killed at random and resumed",
  rounds: { short: 3, long: 150 },
  backends: ["redis"],
  async run({ createSandbox, rounds, random }) {
    let kills = 0;
    for (let round = 0; round < rounds; round++) {
      using sandbox = await createSandbox();
      sandbox.write("runner.lua", FILE.replaceAll("math.random(3)", String(random.integer(1, 3))));
      const options = { env: { PATH: process.env.PATH ?? "" } };
      const jobs = ["--jobs", String(random.integer(1, 4))];
      let outcome = await killAt(sandbox.spawn(["run", ...jobs], options), random.next());
      while (outcome !== 0) {
        kills++;
        const journal = await readJournal(sandbox, options);
        const before = journal?.succeeded;
        const lines = countLines(join(sandbox.work, "log"));
        for (const task of lines.keys()) {
          hold(`the start of ${task} is journaled`, journal?.known.includes(task) === true, { journal });
        }
        // Killed when all was done, before it could end by itself.
        if (before?.length === TASKS) break;
        const resumed = sandbox.spawn(["run", ...(before === undefined ? jobs : ["--resume"])], options);
        // Every other one is left to end, so that it does end.
        outcome = await killAt(resumed, random.next() < 0.6 ? random.next() : undefined);
        const after = countLines(join(sandbox.work, "log"));
        for (const task of before ?? []) {
          hold(`${task} does not run again`, lines.get(task) === after.get(task), { before, outcome });
        }
      }
      const ran = countLines(join(sandbox.work, "log"));
      const done = (await readJournal(sandbox, options))?.succeeded.length;
      const quiet = Math.ceil(TASKS / QUIET);
      hold("no task is left out", done === TASKS && ran.size === TASKS - quiet, [...ran.keys()]);
    }
    return { runs: rounds, kills, "tasks repeated": 0, "tasks left out": 0 };
  },
};

/** Kills it after a part of the time that a whole run takes; gives its exit code, which says nothing else went wrong. */
async function killAt(run: Running, part?: number): Promise<number> {
  const timer = part === undefined ? undefined : setTimeout(() => run.kill("SIGKILL"), part * 250);
  const { exitCode, stderr } = await run.finished;
  clearTimeout(timer);
  hold("it ends well or by the kill", exitCode === 0 || exitCode === KILLED, { exitCode, stderr });
  return exitCode;
}

/** How often each task ran, by its name. */
function countLines(file: string): Map<string, number> {
  const counts = new Map<string, number>();
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // Killed before the first task.
  }
  for (const [, number] of text.matchAll(/^ran (\d+)$/gm)) {
    counts.set(`t${number}`, (counts.get(`t${number}`) ?? 0) + 1);
  }
  return counts;
}

/** The tasks that the journal knows, and those that it calls done; undefined when there is no run yet. */
async function readJournal(
  sandbox: Sandbox,
  options: BinaryOptions,
): Promise<{ known: string[]; succeeded: string[] } | undefined> {
  const runs: { id: string }[] = JSON.parse((await sandbox.run(["runs", "-o", "json"], options)).stdout);
  const [run] = runs;
  if (run === undefined) return undefined;
  const { stdout } = await sandbox.run(["runs", "show", run.id, "-o", "json"], options);
  const { tasks }: { tasks: { name: string; status: string }[] } = JSON.parse(stdout);
  const succeeded = tasks.filter(({ status }) => status === "ok").map(({ name }) => name);
  return { known: tasks.map(({ name }) => name), succeeded };
}
