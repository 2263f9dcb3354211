import { command as remove } from "./delete.ts";
import { command as incr } from "./incr.ts";
import { command as keys } from "./keys.ts";
import { command as list } from "./list.ts";
import { command as set } from "./set.ts";
import { command as show } from "./show.ts";
import { command as ttl } from "./ttl.ts";

/**
 * Commands of `runner state`, by name. They load together: what they share is most of them, and each file of its
 * own that the binary has to load costs more than the lines of the others. Not so `get`, which shares the least.
 */
export const STATE_COMMANDS = {
  list,
  keys,
  show,
  set,
  delete: remove,
  incr,
  ttl,
} as const;
