import { parentPort } from "node:worker_threads";
import type { Backend } from "../../backends/backend.ts";
import { TimedRenewal } from "./renewal.ts";
import type { RenewalMessage } from "./threaded-renewal.ts";
import { renewLease } from "./world.ts";

/**
 * What a thread that `ThreadedRenewal` has started does. `open` opens the store once more, from what its backend says of
 * it: see `Backend.thread`.
 */
export function serveRenewals<D>(open: (description: D) => Backend): void {
  let serving: { readonly backend: Backend; readonly renewal: TimedRenewal } | undefined;
  parentPort?.on("message", (message: RenewalMessage<D>) => {
    if ("open" in message) {
      const { description, writer } = message.open;
      const backend = open(description);
      serving = { backend, renewal: new TimedRenewal((lease) => renewLease(backend, lease, { writer })) };
    } else if ("hold" in message) serving?.renewal.hold(message.hold);
    else if ("drop" in message) serving?.renewal.drop(message.drop);
    else {
      serving?.renewal.close();
      void serving?.backend.close();
    }
  });
}
