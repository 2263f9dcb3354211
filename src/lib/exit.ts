const exit = process.exit.bind(process);
/** What `process.exit` itself ends by, which TypeScript's types do not know. */
const reallyExit: unknown = Reflect.get(process, "reallyExit");

/** Ends the process, also after `process.exit` and what it calls were taken from plugins. */
export function exitProcess(exitCode: number): never {
  Reflect.set(process, "reallyExit", reallyExit);
  return exit(exitCode);
}
