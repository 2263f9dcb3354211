import type { Backend, Entry, Writer } from "../../backends/backend.ts";
import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { forget, leaseOf, type World } from "./decide.ts";
import { createWorld, lockRef } from "./world.ts";

/** How many locks are looked at: a store that has more is beyond counting them one by one. */
const MOST = 1000;

/** How many locks are held. */
export function countLocks(backend: Backend, world: World = createWorld()): Awaitable<number> {
  return chain(survey(backend), (entries) => {
    const now = backend.now();
    return entries.filter((entry) => leaseOf(entry, now, world) !== undefined).length;
  });
}

/** Removes what is left of leases that ran out or whose holders died; how many. */
export function forgetLost(backend: Backend, writer: Writer, world: World): Awaitable<number> {
  return chain(survey(backend), (entries) => {
    const now = backend.now();
    const lost = entries.filter((entry) => leaseOf(entry, now, world) === undefined);
    if (lost.length === 0) return 0;
    return backend.update(
      lost.map(({ key }) => lockRef(key)),
      forget(world),
      writer,
    );
  });
}

function survey(backend: Backend): Awaitable<Entry[]> {
  // A page with values holds whole entries.
  return chain(
    backend.scan({ space: "lock", prefix: "", limit: MOST, values: true }),
    (page) => page as Entry[],
  );
}
