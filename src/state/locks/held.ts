import type { Entry } from "../../backends/backend.ts";
import { leaseOf, type World } from "./decide.ts";
import { describeOwner, type Lease, msUntil } from "./lease.ts";

/** What is known of a held lock. */
export interface Held {
  /** The label, or who holds it in words. */
  readonly holder: string;
  readonly lease: Lease;
  /** Whole seconds, rounded up; undefined when it lasts until it is released. */
  readonly secondsLeft?: number;
}

/** Who holds the lock of an entry at a time, in ms since the epoch; undefined when nobody does. */
export function describeHeld(entry: Entry | undefined, now: number, world: World): Held | undefined {
  const lease = leaseOf(entry, now, world);
  if (lease === undefined) return undefined;
  const holder = lease.holder ?? describeOwner({ ...lease.owner, ...lease.command });
  if (lease.ends === undefined) return { holder, lease };
  const secondsLeft = Math.ceil(msUntil(lease.ends, world.momentOf(now)) / 1000);
  return { holder, lease, secondsLeft };
}
