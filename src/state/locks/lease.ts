import type { Encoded, Entry } from "../../backends/backend.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { ProcessIdentity } from "../../lib/machine.ts";
import { decode } from "../codec.ts";

/** Who takes a lock: a task of a run (or, without one, the run's top level) in its process. */
export interface Owner extends ProcessIdentity {
  readonly run?: string;
  readonly task?: string;
  /** What a process runs that took the lock for it, as in `runner lock run`. */
  readonly command?: string;
}

/** A moment, by the wall clock and, for those who share it, by the clock of a boot; both in ms. */
export interface Moment {
  readonly wall: number;
  readonly boot?: { readonly id: string; readonly at: number };
}

/** The process of a command that works under a lock for the lock's owner, on his machine; `{}` before it was started. */
export type Command = Pick<ProcessIdentity, "pid" | "started"> | Readonly<Record<string, never>>;

/** One acquisition of a lock. */
export interface Lease {
  /** Names this acquisition: what fences compare. Extending and nesting keep it. */
  readonly id: string;
  /** Revision of the commit that acquired it: later acquisitions have higher ones. */
  readonly token: number;
  /** The label under which it was taken; without one it is bound to the owner's process. */
  readonly holder?: string;
  readonly owner: Owner;
  /** What may outlive the owner: while it lives nobody else has the lock. */
  readonly command?: Command;
  /** By the wall clock, ms since the epoch. */
  readonly takenAt: number;
  /** Absent: it lasts until it is released, as in a store that ends with its process. */
  readonly ends?: Moment;
  /** How often it is held: nested takings count, and the last release frees it. */
  readonly count: number;
}

/** One who waits for the lock. */
export interface Ticket {
  readonly id: string;
  readonly owner: Owner;
}

/** All that is known of one lock: the entry of its name in the space `lock`. */
export interface LockState {
  readonly lease?: Lease;
  /** Those who wait, in the order in which they came. */
  readonly queue: readonly Ticket[];
  /** Since when nobody has held it, although somebody waits. */
  readonly freeSince?: Moment;
}

export const UNHELD: LockState = { queue: [] };

/** Whether a moment lies behind `now`: by the clock of the boot if both are of the same one, else by the wall clock. */
export function isPast(moment: Moment, now: Moment): boolean {
  return msUntil(moment, now) <= 0;
}

/** Milliseconds from `now` to a moment, by the clock that both share. */
export function msUntil(moment: Moment, now: Moment): number {
  const sameBoot = moment.boot !== undefined && moment.boot.id === now.boot?.id;
  return sameBoot && now.boot ? moment.boot.at - now.boot.at : moment.wall - now.wall;
}

/** An owner in words, as people recognise him. */
export function describeOwner({ task, run, command, host, pid }: Owner): string {
  if (command !== undefined) return `${command} (pid ${pid} on ${host})`;
  const what = task === undefined ? "" : `task ${task}`;
  const whose = run === undefined ? "" : `run ${run}`;
  const where = `on ${host} (pid ${pid})`;
  return [what, what && whose ? `of ${whose}` : whose, where].filter((part) => part !== "").join(" ");
}

/** The moment `ms` after `now`. */
export function later(now: Moment, ms: number): Moment {
  const wall = now.wall + ms;
  return now.boot === undefined ? { wall } : { wall, boot: { id: now.boot.id, at: now.boot.at + ms } };
}

/** The stored form: plain JSON. A new lease has no token in it yet, since its commit's revision is not known before. */
export function encodeLock(state: LockState): Encoded {
  return { type: "table", data: JSON.stringify(state) };
}

/** What an entry says of its lock. Raises `damaged`. */
export function decodeLock(entry: Entry | undefined): LockState {
  if (entry === undefined) return UNHELD;
  // Nobody but `encodeLock` writes into this space, and the backend checks that it is what was written.
  const state = decode(entry.value) as unknown as LockState;
  if (!Array.isArray(state.queue)) {
    throw new RunnerError(
      "damaged",
      `Cannot read the lock "${entry.key}": it is not in the form that runner writes.`,
    );
  }
  const { lease } = state;
  if (lease === undefined || typeof lease.token === "number") return state;
  return { ...state, lease: { ...lease, token: entry.revision } };
}
