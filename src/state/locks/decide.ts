import type { Change, Entry, Write } from "../../backends/backend.ts";
import type { ProcessIdentity } from "../../lib/machine.ts";
import {
  type Command,
  decodeLock,
  encodeLock,
  isPast,
  type Lease,
  type LockState,
  later,
  type Moment,
  msUntil,
  type Owner,
} from "./lease.ts";
import { countAhead, fromFirstLiving, LISTENERS, pauseFor, TURN_MS, turnOf } from "./queue.ts";

/** What a decision knows besides the entry. */
export interface World {
  /** The moment at which the wall clock says `wall`, ms since the epoch. */
  momentOf(wall: number): Moment;
  /** Whether a process is certainly gone. */
  hasEnded(identity: ProcessIdentity): boolean;
  /** Whether a process certainly lives. */
  isLiving(identity: ProcessIdentity): boolean;
}

/** One who wants a lock. */
export interface Claim {
  /** Names the acquisition that it may become, and its ticket until then. */
  readonly id: string;
  readonly owner: Owner;
  /** The label to take it under. */
  readonly holder?: string;
  /** How long the lease lasts, in ms; infinite: until it is released. */
  readonly ttl: number;
  /** Whether taking it again counts, so that it must be released as often. */
  readonly nests: boolean;
  /** Whether to stand in the queue when it is not to be had. */
  readonly waits: boolean;
  /** Whether it is for a command that is yet to be started, as `Lease.command`. */
  readonly forCommand?: true;
}

/**
 * What came of a claim: the id of the lease that it has now, or in how many ms it may be worth another look, and how
 * many come before it.
 */
export type Answer = { readonly id: string } | { readonly lookAgain: number; readonly ahead: number };

/** Takes, nests or extends a lock, or stands in its queue. */
export function take(claim: Claim, world: World): Change<Answer> {
  return ([entry], wall) => {
    const { answer, next } = answerTo(claim, entry, wall, world);
    return next === undefined ? { result: answer } : { result: answer, writes: [writeOf(next)] };
  };
}

/** What `take` would do: its answer, and what the lock becomes if that changes. */
export function answerTo(
  claim: Claim,
  entry: Entry | undefined,
  wall: number,
  world: World,
): { answer: Answer; next?: LockState } {
  const now = world.momentOf(wall);
  const before = decodeLock(entry);
  const state = withoutGone(before, now, world);
  const { lease, queue } = state;
  if (lease === undefined) {
    const ahead = countAhead(claim.id, queue);
    const turn = turnOf(ahead, state, now);
    // That its holder is gone may be seen from here alone: said so that the turn of the others begins.
    if (turn !== "ours")
      return {
        ...(hasDied(before, now, world) && { next: state }),
        ...wait(claim, state, { lookAgain: turn, now }),
      };
    // Those ahead had their turn and, stopped or on a machine that is gone, did not take it.
    const rest = queue.slice(ahead + 1);
    return { answer: { id: claim.id }, next: { lease: grant(claim, wall, now), queue: rest } };
  }
  if (isTakenAgain(claim, lease, world)) {
    const again = extend(claim, lease, now, world);
    return { answer: { id: again.id }, next: { ...state, lease: again } };
  }
  const lookAgain = lease.ends === undefined ? TURN_MS : msUntil(lease.ends, now);
  return wait(claim, state, { lookAgain, now });
}

/** Ends so many takings of the lease that satisfies `which`; its id, undefined when no such lease is in force. */
export function release(
  which: (lease: Lease) => boolean,
  takings: number,
  world: World,
): Change<string | undefined> {
  return ([entry], wall) => {
    const now = world.momentOf(wall);
    const { lease, queue } = decodeLock(entry);
    if (lease === undefined || !which(lease)) return { result: undefined };
    const count = lease.count - takings;
    const lost = hasRunOut(lease, now, world);
    const free = count <= 0 || lost;
    const next: LockState = free
      ? { queue: fromFirstLiving(queue, world.hasEnded), freeSince: now }
      : { lease: { ...lease, count }, queue };
    return { result: lost ? undefined : lease.id, writes: [writeOf(next)] };
  };
}

/** Lets a lease that has not run out last `ttl` ms from now; whether it could. */
export function renew(id: string, ttl: number, world: World): Change<boolean> {
  return ([entry], wall) => {
    const now = world.momentOf(wall);
    const state = decodeLock(entry);
    const { lease } = state;
    if (lease === undefined || lease.id !== id || hasRunOut(lease, now, world)) return { result: false };
    const ends = latest(lease.ends, ttl, now);
    if (ends === undefined) return { result: true };
    return { result: true, writes: [writeOf({ ...state, lease: { ...lease, ends } })] };
  };
}

/** Notes which process works under the lease; whether it was still in force. */
export function entrust(id: string, command: Command, world: World): Change<boolean> {
  return ([entry], wall) => {
    const state = decodeLock(entry);
    const { lease } = state;
    if (lease?.id !== id || hasRunOut(lease, world.momentOf(wall), world)) return { result: false };
    return { result: true, writes: [writeOf({ ...state, lease: { ...lease, command } })] };
  };
}

/** Gives up the place in the queue. */
export function leave(id: string): Change<void> {
  return ([entry]) => {
    const state = decodeLock(entry);
    const queue = state.queue.filter((ticket) => ticket.id !== id);
    if (queue.length === state.queue.length) return { result: undefined };
    return { result: undefined, writes: [writeOf({ ...state, queue })] };
  };
}

/** Deletes locks that nobody holds or waits for, whatever their entries say; how many. */
export function forget(world: World): Change<number> {
  return (entries, wall) => {
    const now = world.momentOf(wall);
    const writes = entries.map((entry): Write | undefined =>
      entry !== undefined && isForgettable(entry, now, world) ? { delete: true } : undefined,
    );
    return { result: writes.filter((write) => write !== undefined).length, writes };
  };
}

/** Whether nobody holds a lock or waits for it. */
export function isForgettable(entry: Entry, now: Moment, world: World): boolean {
  const { lease, queue } = withoutGone(decodeLock(entry), now, world);
  return lease === undefined && queue.length === 0;
}

/** The lease in force; undefined when the lock is free. */
export function leaseOf(entry: Entry | undefined, wall: number, world: World): Lease | undefined {
  return withoutGone(decodeLock(entry), world.momentOf(wall), world).lease;
}

/** Whether the lease `id` is in force, by its time alone: nobody asks whether he himself has ended. */
export function isInForce(id: string, entry: Entry | undefined, wall: number, world: World): boolean {
  const { lease } = decodeLock(entry);
  return lease?.id === id && !hasRunOut(lease, world.momentOf(wall), world);
}

/** Whether an owner is this very task of this very run. */
export function isSameOwner(a: Owner, b: Owner): boolean {
  return isSameRun(a, b) && a.task === b.task;
}

function isSameRun(a: Owner, b: Owner): boolean {
  return (
    a.host === b.host &&
    a.boot === b.boot &&
    a.pidns === b.pidns &&
    a.pid === b.pid &&
    a.started === b.started &&
    a.run === b.run
  );
}

/** Whether nobody may work under a lease any more: a command that still does so on this machine is not to be joined. */
function hasRunOut(lease: Lease, now: Moment, world: World): boolean {
  return lease.ends !== undefined && isPast(lease.ends, now) && !isCommandLiving(lease, world);
}

/** Whether all are gone who could work under a lease: its owner, and the command that may outlive him. */
function isAbandoned(lease: Lease, world: World): boolean {
  const { owner, command } = lease;
  if (!world.hasEnded(owner)) return false;
  // Whether it was started nobody can tell: then the lease has to run out.
  return command === undefined || (command.pid !== undefined && !isCommandLiving(lease, world));
}

function isCommandLiving({ owner, command }: Lease, world: World): boolean {
  return command?.pid !== undefined && world.isLiving({ ...owner, ...command });
}

/** The lock without a lease that no longer counts and without waiters that are gone. */
function withoutGone(state: LockState, now: Moment, world: World): LockState {
  const queue = fromFirstLiving(state.queue, world.hasEnded);
  const { lease, freeSince } = state;
  if (lease === undefined) return freeSince === undefined ? { queue } : { queue, freeSince };
  if (hasRunOut(lease, now, world)) return { queue, ...(lease.ends && { freeSince: lease.ends }) };
  if (lease.holder === undefined && isAbandoned(lease, world)) return { queue, freeSince: now };
  return { lease, queue };
}

/** Whether the lock was held by somebody whose time was not over. */
function hasDied({ lease }: LockState, now: Moment, world: World): boolean {
  return lease !== undefined && !hasRunOut(lease, now, world);
}

function grant({ id, owner, holder, ttl, forCommand }: Claim, takenAt: number, now: Moment): Lease {
  const ends = Number.isFinite(ttl) ? { ends: later(now, ttl) } : {};
  const label = holder === undefined ? {} : { holder };
  const command = forCommand === undefined ? {} : { command: {} };
  // Without a token, which is the revision of the commit to come: `decodeLock` fills it in.
  return { id, ...label, owner, ...command, takenAt, ...ends, count: 1 } as Lease;
}

function isTakenAgain(claim: Claim, lease: Lease, world: World): boolean {
  if (claim.holder !== lease.holder) return false;
  if (claim.holder === undefined) return isSameOwner(claim.owner, lease.owner);
  return isSameRun(claim.owner, lease.owner) || isAbandoned(lease, world);
}

function extend(claim: Claim, lease: Lease, now: Moment, world: World): Lease {
  // The taker has ended and its label goes on: what it might still have written must not pass as ours.
  if (isAbandoned(lease, world)) return grant(claim, now.wall, now);
  const { ends: before, ...rest } = lease;
  const ends = latest(before, claim.ttl, now);
  return { ...rest, ...(ends && { ends }), count: lease.count + (claim.nests ? 1 : 0) };
}

/** The later one of an end and `ttl` ms from now; undefined for none. */
function latest(ends: Moment | undefined, ttl: number, now: Moment): Moment | undefined {
  if (ends === undefined || !Number.isFinite(ttl)) return undefined;
  return msUntil(ends, now) > ttl ? ends : later(now, ttl);
}

interface Waits {
  /** In how many ms who is next should look again. */
  readonly lookAgain: number;
  readonly now: Moment;
}

function wait(
  claim: Claim,
  state: LockState,
  { lookAgain, now }: Waits,
): { answer: Answer; next?: LockState } {
  const { queue } = state;
  const ahead = countAhead(claim.id, queue);
  const pause = Math.min(lookAgain, pauseFor(ahead, state, now));
  const answer = { ahead, lookAgain: ahead < LISTENERS ? lookAgain : pause };
  if (!claim.waits || queue.some(({ id }) => id === claim.id)) return { answer };
  return { answer, next: { ...state, queue: [...queue, { id: claim.id, owner: claim.owner }] } };
}

function writeOf(state: LockState): Write {
  const nothing = state.lease === undefined && state.queue.length === 0;
  return nothing ? { delete: true } : { put: encodeLock(state), expires: "never" };
}
