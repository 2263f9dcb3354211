import { SqliteBackend } from "../../backends/sqlite/backend.ts";
import { serveRenewals } from "./serve-renewals.ts";

/** How long a renewal waits for other processes, in ms: then the next is due anyway. */
const BUSY_TIMEOUT = 5000;

// A renewal that a power failure takes back is no loss: the holder has died as well.
serveRenewals(
  ({ path }: { readonly path: string }) =>
    new SqliteBackend({ path, durability: "normal", busyTimeout: BUSY_TIMEOUT, again: true }),
);
