import { describe, expect, test } from "bun:test";
import { RUNS } from "../../scripts/torture/catalog.ts";
import { nameOn, runTrial } from "../../scripts/torture/run.ts";
import { HAS_REDIS } from "../helpers/redis.ts";

/** Another one each time: what is found is repeated by the seed that the failure names. */
const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

describe("the table of safety, in short form", () => {
  for (const { trial, backend } of RUNS) {
    const name = nameOn(trial, backend);
    test.skipIf(backend === "redis" && !HAS_REDIS)(
      name,
      async () => {
        const rounds = trial.rounds.short;
        const { failure } = await runTrial(trial, { seed, rounds, backend });
        const again = `npm run torture -- "${name}" --seed ${seed} --rounds ${rounds}`;
        expect(failure && `${failure}\nAgain: ${again}`).toBeUndefined();
      },
      300_000,
    );
  }
});
