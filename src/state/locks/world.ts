import type { Backend, Ref, Writer } from "../../backends/backend.ts";
import type { Awaitable } from "../../lib/awaitable.ts";
import { type Machine, machine } from "../../lib/machine.ts";
import { renew, type World } from "./decide.ts";
import type { Renewable } from "./renewal.ts";

/** Where a lock's entry is. */
export function lockRef(name: string): Ref {
  return { space: "lock", key: name };
}

/** What a machine can say of times and of processes. */
export function createWorld({ self, bootTime, hasEnded, isLiving }: Machine = machine): World {
  return {
    momentOf(wall) {
      const at = self.boot === undefined ? undefined : bootTime();
      return self.boot === undefined || at === undefined ? { wall } : { wall, boot: { id: self.boot, at } };
    },
    hasEnded,
    isLiving,
  };
}

/** Lets a lease last its time from now on; false when it has been lost. */
export function renewLease(
  backend: Backend,
  { name, id, ttl }: Renewable,
  { writer, world = createWorld() }: { writer: Writer; world?: World },
): Awaitable<boolean> {
  return backend.update([lockRef(name)], renew(id, ttl, world), writer);
}
