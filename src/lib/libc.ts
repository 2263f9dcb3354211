import type { FFIFunction, Library } from "bun:ffi";

/** Where the C library of each system is; musl's has the second name on Linux. */
const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`],
  darwin: ["/usr/lib/libSystem.B.dylib"],
  win32: ["ucrtbase.dll"],
};

/** Functions of the C library, by their names; undefined when it is not to be had. */
export function openLibrary<Functions extends Record<string, FFIFunction>>(
  functions: Functions,
): Library<Functions>["symbols"] | undefined {
  // Loaded here alone: hardly any process needs it.
  const { dlopen }: typeof import("bun:ffi") = require("bun:ffi");
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      return dlopen(library, functions).symbols;
    } catch {
      // Not that one.
    }
  }
  return undefined;
}
