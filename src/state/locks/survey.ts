import type { Backend, Entry, Writer } from "../../backends/backend.ts";
import { type Awaitable, chain } from "../../lib/awaitable.ts";
import { checkKey } from "../key.ts";
import { forget, isForgettable, leaseOf, release, type World } from "./decide.ts";
import { describeHeld, type Held } from "./held.ts";
import { decodeLock } from "./lease.ts";
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
    const now = world.momentOf(backend.now());
    const lost = entries.filter((entry) => isForgettable(entry, now, world));
    if (lost.length === 0) return 0;
    return backend.update(
      lost.map(({ key }) => lockRef(key)),
      forget(world),
      writer,
    );
  });
}

/** A lock that is held. */
export interface HeldLock extends Held {
  readonly name: string;
  /** How many wait for it. */
  readonly waiting: number;
}

/** The locks that are held, by name. */
export function listLocks(backend: Backend, world: World = createWorld()): Awaitable<HeldLock[]> {
  return chain(survey(backend), (entries) =>
    entries.flatMap((entry) => heldLock(entry, backend.now(), world) ?? []),
  );
}

/** A lock that is held; undefined when it is free. */
export function showLock(
  backend: Backend,
  name: string,
  world: World = createWorld(),
): Awaitable<HeldLock | undefined> {
  checkKey(name);
  return chain(backend.read([lockRef(name)]), ([entry]) => entry && heldLock(entry, backend.now(), world));
}

/** Takes a lock away from whoever holds it, whose writes under it are refused from then on; whether it was held. */
export function breakLock(
  { backend, writer }: { backend: Backend; writer: Writer },
  name: string,
  world: World = createWorld(),
): Awaitable<boolean> {
  checkKey(name);
  const change = release(() => true, Infinity, world);
  return chain(backend.update([lockRef(name)], change, writer), (id) => id !== undefined);
}

function heldLock(entry: Entry, now: number, world: World): HeldLock | undefined {
  const held = describeHeld(entry, now, world);
  return held && { ...held, name: entry.key, waiting: decodeLock(entry).queue.length };
}

function survey(backend: Backend): Awaitable<Entry[]> {
  // A page with values holds whole entries.
  return chain(
    backend.scan({ space: "lock", prefix: "", limit: MOST, values: true }),
    (page) => page as Entry[],
  );
}
