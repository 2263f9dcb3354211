import { openLibrary } from "./libc.ts";

/**
 * Ends the whole process at once from any of its threads, in which `process.exit` would end that thread alone. Nothing
 * else of the process gets to run.
 */
export function leaveProcess(exitCode: number): void {
  openLibrary({ _exit: { args: ["int"], returns: "void" } })?._exit(exitCode);
  process.kill(process.pid, "SIGKILL");
}
