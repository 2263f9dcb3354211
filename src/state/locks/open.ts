import type { Store } from "../store.ts";
import { Locks, type LocksOptions } from "./locks.ts";
import { type Renewal, TimedRenewal } from "./renewal.ts";
import { ThreadedRenewal } from "./threaded-renewal.ts";
import { renewLease } from "./world.ts";

/** The locks of a store; `command` is what it is opened for. `close` releases what its writer still holds. */
export function openLocks(store: Store, options: Pick<LocksOptions, "command" | "onSignal"> = {}): Locks {
  return new Locks(store.backend, { writer: store.writer, renewal: createRenewal(store), ...options });
}

function createRenewal({ backend, writer }: Store): Renewal {
  const timed = new TimedRenewal((lease) => renewLease(backend, lease, { writer }));
  // Another thread can open a file once more, but not what only this one has.
  if (backend.name !== "sqlite" || backend.location === undefined) return timed;
  return new ThreadedRenewal({ path: backend.location, writer }, timed);
}
