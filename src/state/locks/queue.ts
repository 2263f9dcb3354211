import type { ProcessIdentity } from "../../lib/machine.ts";
import { type LockState, later, type Moment, msUntil, type Ticket } from "./lease.ts";

/** How long whoever is first in the queue has to take a free lock before the next one may, in ms. */
export const TURN_MS = 1000;
/** How much later those further back may, in ms for each place: so that they do not all reach for it at once. */
const TURN_STEP_MS = 10;
/** How many of those who wait listen for changes. Were all of them to, each change would cost the more the more wait. */
export const LISTENERS = 8;
/** The others look whether they have come up among them: after so many ms at least, for each who is ahead of that. */
const LEAST_PAUSE_MS = 2;

/** The queue from the first one on who lives: it is his turn next, and to ask after all would cost too much. */
export function fromFirstLiving(
  queue: readonly Ticket[],
  hasEnded: (identity: ProcessIdentity) => boolean,
): readonly Ticket[] {
  const first = queue.findIndex(({ owner }) => !hasEnded(owner));
  return first < 0 ? [] : queue.slice(first);
}

/** How many come before a claim of this id: all, if it does not stand in the queue. */
export function countAhead(id: string, queue: readonly Ticket[]): number {
  const place = queue.findIndex((ticket) => ticket.id === id);
  return place < 0 ? queue.length : place;
}

/** Whether a free lock is to be taken by whom so many are ahead of, or else in how many ms it will be, at the latest. */
export function turnOf(ahead: number, { freeSince }: LockState, now: Moment): "ours" | number {
  if (ahead === 0) return "ours";
  if (freeSince === undefined) return TURN_MS;
  const left = msUntil(later(freeSince, TURN_MS + ahead * TURN_STEP_MS), now);
  return left <= 0 ? "ours" : left;
}

/**
 * In how many ms somebody so far back should look again: as long as the lock has been held by now, it may well be held
 * once more, and by each of those who come before the listeners that he would be among.
 */
export function pauseFor(ahead: number, { lease }: LockState, now: Moment): number {
  const held = lease === undefined ? 0 : now.wall - lease.takenAt;
  return (ahead - LISTENERS + 1) * Math.max(held / 2, LEAST_PAUSE_MS);
}
