import { node } from "./node.ts";

/** What tells a process from every other, on any machine and after any restart. */
export interface ProcessIdentity {
  readonly host: string;
  /** The machine's current boot; absent where the system does not say. */
  readonly boot?: string;
  /** The namespace in which `pid` means this process; absent where there are none. */
  readonly pidns?: string;
  readonly pid: number;
  /** When the process started, in the system's ticks since boot; absent where the system does not say. */
  readonly started?: number;
}

/** What this machine knows of its boot and of its processes. */
export interface Machine {
  /** This process. */
  readonly self: ProcessIdentity;
  /**
   * Milliseconds since the machine was booted, the time asleep included, the same for all its processes and never set
   * by anyone; undefined where the system does not say.
   */
  bootTime(): number | undefined;
  /** Whether a process of this machine is certainly gone; false when it lives or cannot be seen from here. */
  hasEnded(identity: ProcessIdentity): boolean;
  /** Whether a process of this machine certainly lives; false when it is gone or cannot be seen from here. */
  isLiving(identity: ProcessIdentity): boolean;
  /** When a process started, in ticks since boot; undefined when there is none, or the system does not say. */
  startOf(pid: number): number | undefined;
}

/** The machine that this runs on. Systems without /proc know no boot: there, nobody's end is ever certain. */
export const machine: Machine = {
  get self() {
    own ??= identify();
    return own;
  },
  bootTime() {
    const seconds = Number.parseFloat(readOr("/proc/uptime", ""));
    return Number.isNaN(seconds) ? undefined : Math.round(seconds * 1000);
  },
  hasEnded: (identity) => isVisible(identity) && !isRunning(identity),
  isLiving: (identity) => isVisible(identity) && isRunning(identity),
  startOf,
};

/** Whether a process, if it lives, is one that can be seen from here. */
function isVisible(identity: ProcessIdentity): boolean {
  const { boot, pidns } = machine.self;
  if (boot === undefined || pidns === undefined || identity.started === undefined) return false;
  return identity.boot === boot && identity.pidns === pidns;
}

function isRunning({ pid, started }: ProcessIdentity): boolean {
  return (pid === machine.self.pid ? machine.self.started : startOf(pid)) === started;
}

let own: ProcessIdentity | undefined;

function identify(): ProcessIdentity {
  const boot = readOr("/proc/sys/kernel/random/boot_id", "").trim();
  const pidns = linkOr("/proc/self/ns/pid", "");
  const started = startOf(process.pid);
  return {
    host: node.os.hostname(),
    ...(boot !== "" && { boot }),
    ...(pidns !== "" && { pidns }),
    pid: process.pid,
    ...(started !== undefined && { started }),
  };
}

/** Only the unreaped remains of a process are none. */
function startOf(pid: number): number | undefined {
  const stat = readOr(`/proc/${pid}/stat`, "");
  // proc_pid_stat(5): the name, in parentheses, may hold anything; the state follows it, the start is field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields[0], fields[19]];
  return started === undefined || state === "Z" || state === "X" ? undefined : Number(started);
}

function readOr(path: string, otherwise: string): string {
  try {
    return node.fs.readFileSync(path, "latin1");
  } catch {
    return otherwise;
  }
}

function linkOr(path: string, otherwise: string): string {
  try {
    return node.fs.readlinkSync(path);
  } catch {
    return otherwise;
  }
}
