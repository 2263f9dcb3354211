/** GNU time, which peaks of memory are measured with. */
export const TIME = "/usr/bin/time";

/**
 * MiB that a process held at most. GNU time stands between, because Linux counts into a child's peak what its parent
 * held when it started it, and this parent is larger than what it measures.
 */
export function peakMemory(argv: string[], env: Record<string, string>): number {
  const { stderr, exitCode } = Bun.spawnSync([TIME, "-f", "%M", ...argv], {
    env,
    stdout: "ignore",
    stderr: "pipe",
  });
  const kibibytes = Number(stderr.toString().trim().split("\n").at(-1));
  if (exitCode !== 0 || Number.isNaN(kibibytes)) throw new Error(`${argv.join(" ")}: ${stderr.toString()}`);
  return kibibytes / 1024;
}
