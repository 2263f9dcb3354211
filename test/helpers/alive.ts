import { readFileSync } from "node:fs";

/** Whether a process runs; one that has ended and only waits to be reaped does not. Linux only. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Resolves when a process has ended; a test that waits in vain is ended by its own time limit. */
export async function untilEnded(pid: number): Promise<void> {
  while (isRunning(pid)) await Bun.sleep(2);
}
