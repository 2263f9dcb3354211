/** Where the C library of each system is; musl's has the second name on Linux. */
const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`],
  darwin: ["/usr/lib/libSystem.B.dylib"],
  win32: ["ucrtbase.dll"],
};

/**
 * Ends the whole process at once from any of its threads, in which `process.exit` would end that thread alone. Nothing
 * else of the process gets to run.
 */
export function leaveProcess(exitCode: number): void {
  // Loaded here alone: hardly any process ends so.
  const { dlopen }: typeof import("bun:ffi") = require("bun:ffi");
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      dlopen(library, { _exit: { args: ["int"], returns: "void" } }).symbols._exit(exitCode);
    } catch {
      // Not that one.
    }
  }
  process.kill(process.pid, "SIGKILL");
}
