import { exitCodeOf } from "../../lib/errors.ts";
import { watchBy } from "../../plugins/within.ts";
import { Watchdog } from "../../tasks/watchdog.ts";

let watchdog: Watchdog | undefined;

/** Has the process ended, with a message, when a plugin computes without end. Its thread starts with the first plugin. */
export function watchPlugins(): void {
  watchBy((ms, message) => {
    watchdog ??= new Watchdog();
    const id = watchdog.watch({ left: ms, message, exitCode: INVALID });
    return () => watchdog?.drop(id);
  });
}

const INVALID = exitCodeOf("invalid");
