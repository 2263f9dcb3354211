import { describe, expect, test } from "bun:test";
import { RUNS } from "../../scripts/torture/catalog.ts";
import { nameOn, runTrial, type TrialBackend } from "../../scripts/torture/run.ts";
import { HAS_REDIS } from "../helpers/redis.ts";

/** Another one each time: what is found is repeated by the seed that the failure names. */
const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** The table of safety in short form: each trial that is done on this backend is a test. */
export function shortTrialsOn(backend: TrialBackend): void {
  describe.skipIf(backend === "redis" && !HAS_REDIS)("the table of safety, in short form", () => {
    for (const { trial } of RUNS.filter((run) => run.backend === backend)) {
      const name = nameOn(trial, backend);
      test(name, async () => {
        const rounds = trial.rounds.short;
        const { failure } = await runTrial(trial, { seed, rounds, backend });
        const again = `npm run torture -- "${name}" --seed ${seed} --rounds ${rounds}`;
        expect(failure && `${failure}\nAgain: ${again}`).toBeUndefined();
      }, 300_000);
    }
  });
}
