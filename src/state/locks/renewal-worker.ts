import { parentPort } from "node:worker_threads";
import { SqliteBackend } from "../../backends/sqlite/backend.ts";
import { TimedRenewal } from "./renewal.ts";
import type { RenewalMessage, RenewalStore } from "./threaded-renewal.ts";
import { renewLease } from "./world.ts";

/** How long a renewal waits for other processes, in ms: then the next is due anyway. */
const BUSY_TIMEOUT = 5000;

/** The program of the thread that `ThreadedRenewal` starts. */
let renewal: TimedRenewal | undefined;

function open({ path, writer }: RenewalStore): TimedRenewal {
  // A renewal that a power failure takes back is no loss: the holder has died as well.
  const backend = new SqliteBackend({ path, durability: "normal", busyTimeout: BUSY_TIMEOUT, again: true });
  return new TimedRenewal((lease) => renewLease(backend, lease, { writer }));
}

parentPort?.on("message", (message: RenewalMessage) => {
  if ("open" in message) renewal = open(message.open);
  else if ("hold" in message) renewal?.hold(message.hold);
  else if ("drop" in message) renewal?.drop(message.drop);
  else renewal?.close();
});
