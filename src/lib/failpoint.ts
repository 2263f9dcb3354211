/** A constant that scripts/build.ts bakes into the binary: true only in the build that the torture works on. */
declare const RUNNER_FAILPOINTS: boolean | undefined;

/** Moments at which a process may die, as the trials of scripts/torture name them. */
export const FAILPOINTS = [
  "commit.before",
  "commit.after",
  "load.written",
  "create.built",
  "create.published",
  "schema.migrated",
  "backup.written",
  "backup.verified",
  "install.prepared",
  "install.aside",
  "copy.batch",
  "journal.before",
  "journal.after",
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

const hits = new Map<Failpoint, number>();

/**
 * Kills this process when it comes by for the N-th time and FAILPOINTS=NAME=N is in the environment, as gofail and
 * fail-rs do for etcd and TiKV. In what is shipped the constant is false, and this does nothing.
 */
export function failpoint(name: Failpoint): void {
  if (typeof RUNNER_FAILPOINTS === "undefined" || !RUNNER_FAILPOINTS) return;
  const [wanted, at] = process.env.FAILPOINTS?.split("=") ?? [];
  if (wanted !== name) return;
  const hit = (hits.get(name) ?? 0) + 1;
  hits.set(name, hit);
  if (hit === Number(at)) process.kill(process.pid, "SIGKILL");
}
