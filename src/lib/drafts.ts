import { machine } from "./machine.ts";
import { node } from "./node.ts";
import { dirname, join } from "./path.ts";

/** What SQLite keeps beside a database. */
const SUFFIXES = ["", "-wal", "-shm", "-journal"] as const;
/** A draft of which nobody can tell whether its process lives is left behind when so long nothing wrote to it, in ms. */
const FORGOTTEN_AFTER = 86_400_000;

/** NAME.runner-SYSTEM-PID-START-NUMBER.tmp: no other program names files so. */
const DRAFT = /\.runner-(?<system>[0-9a-f]{16})-(?<pid>\d+)-(?<started>\d+)-\d+\.tmp(?:-wal|-shm|-journal)?$/;
/** A copy and what is made of it may lie beside the same path. */
let lastNumber = 0;

/**
 * The path beside `path` of what shall take its place when it is whole. Its name says whose it is: what processes that
 * were killed left in this folder is removed.
 */
export function draftBeside(path: string): string {
  const { pid } = machine.self;
  removeLeftBehind(dirname(path));
  return `${path}.runner-${ownSystem()}-${pid}-${startOf(pid)}-${++lastNumber}.tmp`;
}

/** Removes a draft, with what SQLite keeps beside a database, as far as it is there. */
export function removeDraft(draft: string): void {
  for (const suffix of SUFFIXES) node.fs.rmSync(draft + suffix, { force: true });
}

function removeLeftBehind(folder: string): void {
  for (const name of namesIn(folder)) {
    const { system, pid, started } = DRAFT.exec(name)?.groups ?? {};
    if (system === undefined) continue;
    try {
      const path = join(folder, name);
      const stat = node.fs.lstatSync(path);
      const ended = system === ownSystem() && startOf(Number(pid)) !== Number(started);
      const forgotten = Date.now() - stat.mtimeMs > FORGOTTEN_AFTER;
      // Processes of other users may be hidden from this one.
      const isOurs = stat.isFile() && stat.uid === (process.getuid?.() ?? stat.uid);
      if (isOurs && (ended || (system !== ownSystem() && forgotten))) node.fs.unlinkSync(path);
    } catch {
      // Somebody else was faster, or it is not ours to remove.
    }
  }
}

/** Where no start is known, this process is the only one that is known to live. */
function startOf(pid: number): number | undefined {
  const { self } = machine;
  return pid === self.pid ? (self.started ?? 0) : machine.startOf(pid);
}

function namesIn(folder: string): readonly string[] {
  try {
    return node.fs.readdirSync(folder);
  } catch {
    // Whoever writes there tells what is wrong with it.
    return [];
  }
}

/** What tells this boot of this machine, and its namespace of processes, from others that may see the same folder. */
function ownSystem(): string {
  const { host, boot = "", pidns = "", started } = machine.self;
  // Where no start is known, nobody's end is certain.
  const known = started === undefined ? `${host}\0${process.pid}` : `${host}\0${boot}\0${pidns}`;
  return Bun.hash.xxHash64(known).toString(16).padStart(16, "0");
}
