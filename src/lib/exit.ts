const exit = process.exit.bind(process);
/** What `process.exit` itself ends by, which TypeScript's types do not know. */
const reallyExit: unknown = Reflect.get(process, "reallyExit");

let lastAct: (() => void) | undefined;

/** Has `act` done before `exitProcess` ends the process; `undefined` calls that off. */
export function beforeExit(act: (() => void) | undefined): void {
  lastAct = act;
}

/** Ends the process, also after `process.exit` and what it calls were taken from plugins. */
export function exitProcess(exitCode: number): never {
  const act = lastAct;
  lastAct = undefined;
  act?.();
  Reflect.set(process, "reallyExit", reallyExit);
  return exit(exitCode);
}
