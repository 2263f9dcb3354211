import type { Retention } from "../retention.ts";
import type { Durability } from "./open.ts";

export interface SqliteOptions {
  /** The database file; it and its folder are made by the first write. */
  readonly path: string;
  readonly durability: Durability;
  /** How long to wait for other processes, in ms. */
  readonly busyTimeout: number;
  /** The clock, in ms since the epoch. */
  readonly now?: () => number;
  /** Whether this process, such as another thread of it, has the store open already. */
  readonly again?: boolean;
  /** How much history is kept; all of it by default. */
  readonly retention?: Retention;
}
