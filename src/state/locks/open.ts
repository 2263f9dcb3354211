import type { Backend } from "../../backends/backend.ts";
import type { Store } from "../store.ts";
import { Locks, type LocksOptions } from "./locks.ts";
import { type Renewal, TimedRenewal } from "./renewal.ts";
import { ThreadedRenewal } from "./threaded-renewal.ts";
import { renewLease } from "./world.ts";

/** The locks of a store; `command` is what it is opened for. `close` releases what its writer still holds. */
export function openLocks(store: Store, options: Pick<LocksOptions, "command" | "onSignal"> = {}): Locks {
  const { backend, writer, calls } = store;
  return new Locks(backend, { writer, renewal: createRenewal(store), calls, ...options });
}

function createRenewal({ backend, writer }: Store): Renewal {
  const timed = new TimedRenewal((lease) => renewLease(backend, lease, { writer }));
  const thread = backend.thread ?? threadOf(backend);
  if (thread === undefined) return timed;
  return new ThreadedRenewal(thread.program, { description: thread.description, writer }, timed);
}

/** Another thread can open a file once more, but not what only this one has. */
function threadOf({ name, location: path }: Backend): Backend["thread"] {
  if (name !== "sqlite" || path === undefined) return undefined;
  return { program: new URL("./renewal-worker.ts", import.meta.url), description: { path } };
}
