import type { Subprocess } from "bun";
import { beforeEnding } from "./ending.ts";
import { dropGroup, guardGroup } from "./guard.ts";
import { lookWhileComputing } from "./lookout.ts";

/** How long a group that was told to end may take before it is killed, in ms; below what `ending.ts` grants. */
const STOP_GRACE = 1500;

/** Signals a whole process group; one that has ended already is no error. */
export function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL" | "SIGPIPE"): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Ended between our knowing of it and the signal.
  }
}

/**
 * Starts a child whose group is stopped when this process is told to end, until the child has exited. Each child leads
 * a group of its own, so that a timeout reaches its grandchildren; the price is that a terminal's Ctrl-C does not, so
 * we pass that on. What left the group is found by `mark`, if the child's environment has one, until `dropMark`. Raises
 * what `spawn` raises.
 */
export function spawnGuarded<Child extends Subprocess>(spawn: () => Child, mark?: string): Child {
  let child: Child | undefined;
  // Before the child is there: it may run for milliseconds before we know its number.
  const callOff = beforeEnding({
    act: () => child && stopGroup(child),
    actAtOnce: () => child && signalGroup(child.pid, "SIGKILL"),
    when: "always",
    handOver: () => child !== undefined && guardGroup(child.pid, mark),
  });
  try {
    child = spawn();
  } catch (error) {
    callOff();
    throw error;
  }
  void child.exited.finally(() => {
    if (child !== undefined) dropGroup(child.pid);
    callOff();
  });
  return child;
}

/** Asks a child's group to end, and kills what is left of it after a while. Resolves when the child has ended. */
export async function stopGroup(child: Subprocess): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const deadline = performance.now() + STOP_GRACE;
  const timer = setTimeout(resolve, STOP_GRACE);
  // A script that computes meanwhile keeps the timer waiting.
  const callOff = lookWhileComputing(() => {
    if (performance.now() >= deadline) signalGroup(child.pid, "SIGKILL");
  });
  await Promise.race([child.exited, late]);
  callOff();
  clearTimeout(timer);
  signalGroup(child.pid, "SIGKILL");
  await child.exited;
}
