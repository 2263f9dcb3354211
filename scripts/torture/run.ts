import { join } from "node:path";
import { createSandbox, type Sandbox, type SandboxOptions } from "../../test/helpers/binary.ts";
import { HAS_REDIS, startRedis } from "../../test/helpers/redis.ts";
import { buildWithFailpoints } from "../build.ts";
import { DIST } from "../project.ts";
import { Random } from "./random.ts";
import type { Figures, Trial } from "./trial.ts";

/** How one trial ended. */
export interface Outcome {
  readonly name: string;
  readonly seed: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly figures: Figures;
  /** What did not hold. */
  readonly failure?: string;
  /** Why it could not be tried here. */
  readonly skipped?: string;
}

/** Raised by a trial that cannot be done on this machine; the message says why. */
export class Skipped extends Error {}

/** Where a trial's stores are. */
export type TrialBackend = "sqlite" | "redis";

export interface TrialOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly backend: TrialBackend;
}

/** What trials that are under way work in. */
const sandboxes = new Set<Sandbox>();
let stopped = false;

/** Has all trials fail that are under way, each after it has put away what it made; none begins any more. */
export function stopTrials(): void {
  stopped = true;
  for (const sandbox of sandboxes) sandbox.stop();
}

/** Does one trial to its end; never raises. What it left running or lying about is gone then. */
export async function runTrial(trial: Trial, { seed, rounds, backend }: TrialOptions): Promise<Outcome> {
  const begin = performance.now();
  using open = new DisposableStack();
  const outcome = (rest: Pick<Outcome, "figures" | "failure" | "skipped">): Outcome => ({
    name: nameOn(trial, backend),
    seed,
    rounds,
    seconds: (performance.now() - begin) / 1000,
    ...rest,
  });
  try {
    if (backend === "redis" && !HAS_REDIS) throw new Skipped("there is no redis-server here");
    const create = async (options?: SandboxOptions) => {
      if (stopped) throw new Error("it was stopped");
      const sandbox = open.use(await (backend === "redis" ? createOnRedis(options) : createSandbox(options)));
      sandboxes.add(sandbox);
      open.defer(() => sandboxes.delete(sandbox));
      return sandbox;
    };
    const figures = await trial.run({
      random: new Random(seed),
      rounds,
      createSandbox: () => create(),
      createFaultySandbox: async () => create({ built: await faultyBuild() }),
    });
    return outcome({ figures });
  } catch (error) {
    if (error instanceof Skipped) return outcome({ figures: {}, skipped: error.message });
    return outcome({ figures: {}, failure: error instanceof Error ? error.message : String(error) });
  }
}

/** What a trial is called on a backend. */
export function nameOn({ name }: Trial, backend: TrialBackend): string {
  return backend === "sqlite" ? name : `${name}, on ${backend}`;
}

/** A sandbox with a server of its own, which syncs each write as sqlite does. */
async function createOnRedis(options?: SandboxOptions): Promise<Sandbox> {
  const open = new DisposableStack();
  const server = open.use(await startRedis("--appendonly", "yes", "--appendfsync", "always"));
  const env = { RUNNER_STATE_BACKEND: "redis", RUNNER_STATE_URL: server.url };
  const sandbox = open.use(createSandbox({ ...options, env }));
  return { ...sandbox, [Symbol.dispose]: () => open.dispose() };
}

let faulty: Promise<string> | undefined;

/** The path of the build with failpoints, which is made when a trial first asks for it. */
function faultyBuild(): Promise<string> {
  const path = join(DIST, "torture", "runner");
  faulty ??= buildWithFailpoints(path).then(() => path);
  return faulty;
}
