import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { VERSION } from "../project.ts";

/** Where and what was measured: two reports of different machines compare by their ratios at most. */
export interface Machine {
  readonly at: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryMiB: number;
  /** Processes that wanted to run in the last minute, when the bench ended: its own are one or two. */
  readonly load: number;
  readonly bun: string;
  readonly runner: string;
}

/** This machine and the binary that was measured, now. */
export function describeMachine(runner: string): Machine {
  const [version] = Bun.spawnSync([runner, "--version"]).stdout.toString().trim().split("\n");
  return {
    at: new Date().toISOString(),
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    load: loadavg()[0] ?? Number.NaN,
    bun: Bun.version,
    runner: version ?? VERSION,
  };
}
