import { command as backup } from "./backup.ts";
import { command as clear } from "./clear.ts";
import { command as compact } from "./compact.ts";
import { command as exportState } from "./export.ts";
import { command as importState } from "./import.ts";
import { command as migrate } from "./migrate.ts";
import { command as restore } from "./restore.ts";
import { command as stats } from "./stats.ts";
import { command as verify } from "./verify.ts";

/** The commands of `runner state` that are about all of it, by name; apart from those about a few keys, which start faster. */
export const TRANSFER_COMMANDS = {
  export: exportState,
  import: importState,
  backup,
  clear,
  stats,
  restore,
  migrate,
  verify,
  compact,
} as const;
