import { type BackendOptions, serveRenewals } from "runner";
import { RedisBackend } from "./backend.ts";

/** How long a renewal may take, in ms: then the next is due anyway. */
const PATIENCE = 5000;

serveRenewals(
  (options: BackendOptions) => new RedisBackend({ ...options, busyTimeout: PATIENCE, cacheSize: 0 }),
);
