import type { TrialBackend } from "./run.ts";
import type { Trial } from "./trial.ts";
import { CLOCK } from "./trials/clock.ts";
import { CONTENDERS_TRIAL } from "./trials/contenders.ts";
import { CORRUPTION } from "./trials/corruption.ts";
import { FULL_DISK, WRONG_PLACES } from "./trials/disk.ts";
import { ENDINGS, ORPHANS } from "./trials/endings.ts";
import { EXACT } from "./trials/exact.ts";
import { FAILPOINT_TRIAL } from "./trials/failpoints.ts";
import { FUZZ } from "./trials/fuzz.ts";
import { HISTORIES } from "./trials/histories.ts";
import { HOLDER_KILLED } from "./trials/holder.ts";
import { HOSTILE } from "./trials/hostile.ts";
import { KEYS } from "./trials/keys.ts";
import { PLANTED_FILES, SECRETS } from "./trials/planted.ts";
import { PLUGINS } from "./trials/plugins.ts";
import { REPLACED } from "./trials/replaced.ts";
import { RESUMES } from "./trials/resumes.ts";
import { WRITERS } from "./trials/writers.ts";

/** All of them, in the order of the table. */
const TRIALS: readonly Trial[] = [
  ...WRITERS,
  EXACT,
  ...HISTORIES,
  CONTENDERS_TRIAL,
  HOLDER_KILLED,
  RESUMES,
  CORRUPTION,
  FULL_DISK,
  WRONG_PLACES,
  REPLACED,
  FAILPOINT_TRIAL,
  CLOCK,
  HOSTILE,
  ...FUZZ,
  KEYS,
  ENDINGS,
  ORPHANS,
  PLUGINS,
  PLANTED_FILES,
  SECRETS,
];

/** Each trial on sqlite, and on the other backends that it is for. */
export const RUNS: readonly { readonly trial: Trial; readonly backend: TrialBackend }[] = TRIALS.flatMap(
  (trial) => (["sqlite", ...(trial.backends ?? [])] as const).map((backend) => ({ trial, backend })),
);
