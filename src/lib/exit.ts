/** Ends the process, also after `process.exit` was taken from plugins. */
export const exitProcess: (exitCode: number) => never = process.exit.bind(process);
