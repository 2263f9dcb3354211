/**
 * `npm run torture`: every row of the table of safety in TARGETS.md, in long form, against the compiled binary. `-- NAME…`
 * takes the trials whose name contains one of these, `--seed N` repeats what a failed one chose, `--rounds N` sets how
 * often each does what it does, `--short` is what `npm test` does, `--json` prints the figures for programs. Ends with 1
 * when a trial fails.
 */
import { parseArgs } from "node:util";
import { buildHost } from "../build.ts";
import { RUNS } from "./catalog.ts";
import { toJson, toText } from "./report.ts";
import { nameOn, type Outcome, runTrial } from "./run.ts";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: {
    seed: { type: "string" },
    rounds: { type: "string" },
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

const named = RUNS.map(({ trial, backend }) => ({ trial, backend, name: nameOn(trial, backend) }));
const chosen = named.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
if (chosen.length === 0) {
  console.error(`Cannot find such a trial. There are:\n  ${named.map(({ name }) => name).join("\n  ")}`);
  process.exit(2);
}
const seed = values.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(values.seed);
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (!Number.isInteger(seed) || !(rounds === undefined || (Number.isInteger(rounds) && rounds > 0))) {
  console.error("Cannot use these options: --seed and --rounds take whole numbers.");
  process.exit(2);
}

await buildHost();
const outcomes: Outcome[] = [];
for (const { trial, backend, name } of chosen) {
  console.error(`trying ${name}`);
  const length = rounds ?? trial.rounds[values.short ? "short" : "long"];
  const outcome = await runTrial(trial, { seed: seed ?? 0, rounds: length, backend });
  outcomes.push(outcome);
  if (!values.json) console.log(toText(outcome));
}
if (values.json) console.log(toJson(outcomes));
process.exitCode = outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;
