import { readdirSync, readFileSync } from "node:fs";

/** How long a process may take to end when it is told to, in ms; then it is killed. */
const GRACE = 2000;
const LOOK_EVERY = 20;

/**
 * Stops the processes that tasks of a run started and that outlived runner, or left the group of their command, and
 * waits until they are gone, `grace` ms before it kills them; returns the tasks that had some. They are known by the
 * variable in their environment that every command of a task inherits: it costs nothing to write, names grandchildren
 * too, and no other process can have it by accident, as one can have a process id. Where there is no /proc, `ps` shows
 * it, though macOS hides it of its own programs: there they are found by the group that they share with one that shows it.
 */
export async function stopOrphans(
  run: string,
  tasks: readonly string[],
  grace: number = GRACE,
): Promise<string[]> {
  const markers = new Map(tasks.map((task) => [markOf(run, task), task]));
  if (markers.size === 0) return [];
  const found = findMarked(markers);
  const stopped = [...new Set(found.map(({ task }) => task))];
  let left = found;
  const deadline = performance.now() + grace;
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

/** What the environment of a task's processes says, by which they are found again. */
export function markerOf(run: string, task: string): string {
  return `${run}/${task}`;
}

/** The whole variable that says it. */
export function markOf(run: string, task: string): string {
  return `RUNNER_TASK_ID=${markerOf(run, task)}`;
}

/** A process that a task has started. */
interface Marked {
  readonly pid: number;
  readonly task: string;
}

function findMarked(markers: ReadonlyMap<string, string>): Marked[] {
  const pids = processes();
  const found =
    pids === undefined
      ? readProcessList(processList(), markers)
      : pids.flatMap((pid) => {
          const mark = environmentOf(pid).find((variable) => markers.has(variable));
          const task = mark === undefined ? undefined : markers.get(mark);
          return task === undefined ? [] : [{ pid, task }];
        });
  return found.filter(({ pid }) => pid !== process.pid);
}

/** The processes of this machine; undefined where there is no /proc. */
function processes(): number[] | undefined {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return undefined;
  }
}

/** All processes as `readProcessList` takes them; empty where `ps` is missing or does not know these options. */
function processList(): string {
  try {
    const { stdout, success } = Bun.spawnSync(["ps", "-axwwE", "-o", "pid=,pgid=,stat=,command="]);
    return success ? stdout.toString() : "";
  } catch {
    return "";
  }
}

/**
 * Pure: the processes that tasks have started, from lines of process, group, state, and command with its environment.
 * Those too that share a group with one that shows its mark; none that have ended and only wait to be reaped.
 */
export function readProcessList(list: string, markers: ReadonlyMap<string, string>): Marked[] {
  const lines = list.split("\n").flatMap((line) => {
    const [, pid, group, state = "", command = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state.startsWith("Z") ? [] : [{ pid: Number(pid), group, command }];
  });
  const tasks = new Map<string | undefined, string>();
  // The longest first: a name may be the beginning of another one, up to a space.
  const marks = [...markers].sort(([a], [b]) => b.length - a.length);
  for (const { group, command } of lines) {
    const found = marks.find(([mark]) => `${command} `.includes(` ${mark} `));
    if (found !== undefined) tasks.set(group, found[1]);
  }
  return lines.flatMap(({ pid, group }) => {
    const task = tasks.get(group);
    return task === undefined ? [] : [{ pid, task }];
  });
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
