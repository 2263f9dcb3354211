import { command as history } from "./history.ts";
import { command as revert } from "./revert.ts";
import { command as watch } from "./watch.ts";

/** The commands of `runner state` about what was, by name; they load together. */
export const HISTORY_COMMANDS = { history, revert, watch } as const;
