import { breakLock, showLock } from "../../state/locks/survey.ts";
import { defineCommand } from "../command.ts";
import { confirm } from "../confirm.ts";
import { openContext } from "../context.ts";
import { OUTPUT, STORE, YES } from "../options.ts";
import { formatLockName } from "./format.ts";

/** `runner lock release`. */
export const command = defineCommand({
  args: {
    name: { type: "positional", description: "Name of the lock", completes: "lock" },
    ...YES,
    ...OUTPUT,
    ...STORE,
  },
  details: `Takes the lock away from whoever holds it, who is not stopped: what he then writes inside of with_lock is refused,
and "lock run" stops its command. Asks first; without a terminal it needs --yes (exit 2).
A lock that nobody holds is no error.`,
  examples: ["runner lock release nightly --yes"],
  async run({ args, out }) {
    await using context = await openContext(args);
    const { store } = context;
    const lock = await showLock(store.backend, args.name);
    const name = JSON.stringify(formatLockName(args.name));
    if (lock !== undefined && !args.yes)
      await confirm(`take lock ${name} away from ${lock.holder}, who works under it`);
    const released = lock !== undefined && (await breakLock(store, args.name));
    if (out.format === "json") out.line(JSON.stringify({ name: args.name, released }));
    else out.line(released ? `Released ${name}, held by ${lock?.holder}.` : `${name} was not held.`);
    return 0;
  },
});
