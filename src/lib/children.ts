import type { Subprocess } from "bun";
import { beforeEnding } from "./ending.ts";

/** Signals a whole process group; one that has ended already is no error. */
export function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Ended between our knowing of it and the signal.
  }
}

/**
 * Stops the child's group when this process is told to end, until the child has exited. Each child leads a group of
 * its own, so that a timeout reaches its grandchildren; the price is that a terminal's Ctrl-C does not, so we pass
 * that on.
 */
export function guardChild(child: Subprocess): void {
  const callOff = beforeEnding({ act: () => signalGroup(child.pid, "SIGKILL"), when: "always" });
  void child.exited.finally(callOff);
}
