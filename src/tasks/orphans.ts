import { readdirSync, readFileSync } from "node:fs";
import { markerOf } from "./calls.ts";

/** How long a process may take to end when it is told to, in ms; then it is killed. */
const GRACE = 2000;
const LOOK_EVERY = 20;

/**
 * Stops the processes that tasks of a run started and that outlived runner, and waits until they are gone; returns
 * the tasks that had some. They are known by the variable in their environment that every command of a task
 * inherits: it costs nothing to write, names grandchildren too, and no other process can have it by accident, as one
 * can have a process id. Systems without /proc do not show it; there, nothing is found.
 */
export async function stopOrphans(run: string, tasks: readonly string[]): Promise<string[]> {
  const markers = new Map(tasks.map((task) => [`RUNNER_TASK_ID=${markerOf(run, task)}`, task]));
  if (markers.size === 0) return [];
  const found = findMarked(markers);
  const stopped = [...new Set(found.map(({ task }) => task))];
  let left = found;
  const deadline = performance.now() + GRACE;
  for (
    let signal: "SIGTERM" | "SIGKILL" | undefined = "SIGTERM";
    left.length > 0;
    left = findMarked(markers)
  ) {
    if (performance.now() > deadline) signal = "SIGKILL";
    if (signal !== undefined) for (const { pid } of left) kill(pid, signal);
    signal = undefined;
    await Bun.sleep(LOOK_EVERY);
  }
  return stopped;
}

function findMarked(markers: ReadonlyMap<string, string>): { pid: number; task: string }[] {
  return processes().flatMap((pid) => {
    const mark = environmentOf(pid).find((variable) => markers.has(variable));
    const task = mark === undefined ? undefined : markers.get(mark);
    return task === undefined || pid === process.pid ? [] : [{ pid, task }];
  });
}

function processes(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** A process that has ended, or belongs to somebody else, shows nothing. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function kill(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended meanwhile.
  }
}
