/**
 * `npm run torture`: every row of the table of safety in TARGETS.md, in long form, against the compiled binary. `-- NAME…`
 * takes the trial of this name, or else those whose name contains it; `--seed N` repeats what a failed one chose, `--rounds N`
 * sets how often each does what it does, `--short` is what `npm test` does, `--jobs N` is how many are tried at a time (2),
 * `--json FILE` writes the figures for programs beside the text, `-o json` prints them in its place. Ends with 1 when a trial
 * fails.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { describeMachine } from "../bench/machine.ts";
import { buildHost, HOST_BINARY } from "../build.ts";
import { currentCommit } from "../project.ts";
import { RUNS } from "./catalog.ts";
import { summarize, summaryToText, toJson, toText } from "./report.ts";
import { nameOn, type Outcome, runTrial, stopTrials } from "./run.ts";

/** How long trials may take to put away what they made after a signal, in ms. */
const STOPPING_MS = 15_000;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: {
    seed: { type: "string" },
    rounds: { type: "string" },
    jobs: { type: "string" },
    short: { type: "boolean", default: false },
    json: { type: "string" },
    output: { type: "string", short: "o", default: "text" },
  },
  allowPositionals: true,
});

const named = RUNS.map(({ trial, backend }) => ({ trial, backend, name: nameOn(trial, backend) }));
const isMeant = (part: string) => {
  const exact = named.some(({ name }) => name === part);
  return ({ name }: { name: string }) => (exact ? name === part : name.includes(part));
};
const meant = positionals.map(isMeant);
const unknown = positionals.find((_, place) => !named.some((run) => meant[place]?.(run)));
if (unknown !== undefined) {
  console.error(
    `Cannot find trial "${unknown}". There are:\n  ${named.map(({ name }) => name).join("\n  ")}`,
  );
  process.exit(2);
}
const chosen = named.filter((run) => meant.length === 0 || meant.some((is) => is(run)));

const seed = count(values.seed, 0) ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
const rounds = count(values.rounds, 1);
const jobs = count(values.jobs, 1) ?? Math.min(2, availableParallelism());
const json = values.output === "json";

await buildHost();
const begin = performance.now();
const outcomes: Outcome[] = [];
const waiting = chosen.values();
let stopping = false;
// They share what each of them takes from it.
const workers = Promise.all(Array.from({ length: jobs }, work));
for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => {
    stopping = true;
    stopTrials();
    void Promise.race([workers, Bun.sleep(STOPPING_MS)]).then(() => {
      report();
      process.exit(exitCode);
    });
  });
}
await workers;

// The process is about to end.
if (stopping) await Bun.sleep(STOPPING_MS);

report();
process.exitCode = outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;

/** Says what was found, also when a signal has ended it before all were tried. */
function report(): void {
  const seconds = (performance.now() - begin) / 1000;
  const machine = describeMachine(HOST_BINARY);
  const figures = toJson({ machine, commit: currentCommit(), seed, seconds, outcomes });
  if (values.json !== undefined) writeFileSync(values.json, `${figures}\n`);
  console.log(json ? figures : `\nseed ${seed}\n${summaryToText(summarize(outcomes), seconds)}`);
}

/** Tries one after the other of those that nobody has begun. */
async function work(): Promise<void> {
  for (const { trial, backend, name } of waiting) {
    if (stopping) return;
    console.error(`trying ${name}`);
    const length = rounds ?? trial.rounds[values.short ? "short" : "long"];
    const outcome = await runTrial(trial, { seed, rounds: length, backend });
    if (stopping) return;
    outcomes.push(outcome);
    if (!json) console.log(toText(outcome));
  }
}

/** The whole number that an option gives, from `least` up; undefined when it was not given. */
function count(text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  console.error(`Cannot use "${text}": --seed, --rounds and --jobs take whole numbers.`);
  process.exit(2);
}
