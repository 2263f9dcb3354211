/** What writes to stdout, which is the command's own. */
const PRINTING = ["log", "info", "debug", "dir", "table", "group"] as const;

/**
 * Takes from code of plugins what is not theirs: to end the process, and to print where the command does. Whoever tries
 * to end it gets an error, which is reported with the plugin's name.
 */
export function guardProcess(): void {
  const refuseTo = (callee: string) => (): never => {
    throw new Error(`a plugin cannot end runner by ${callee}. Raise an error, which says what is wrong`);
  };
  process.exit = refuseTo("process.exit");
  process.abort = refuseTo("process.abort");
  Reflect.set(process, "reallyExit", refuseTo("process.reallyExit"));
  for (const name of PRINTING) console[name] = (...data: unknown[]) => console.error(...data);
}
