import { messageOf, RunnerError } from "../lib/errors.ts";
import { node } from "../lib/node.ts";
import { STDIN } from "../lib/stdio.ts";
import type { Value } from "../lib/value.ts";

/**
 * All of stdin as text without the line end that ends it, or as bytes where it is not UTF-8. The inverse of
 * how `state get` prints, so that one piped into the other copies any value. Raises `usage` when it cannot be read.
 */
export function readStdin(): Extract<Value, string | Uint8Array> {
  const bytes = readBytes();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\n$/, "");
  } catch {
    return new Uint8Array(bytes);
  }
}

function readBytes(): Buffer {
  try {
    return node.fs.readFileSync(STDIN);
  } catch (error) {
    // Closed, or a folder.
    throw new RunnerError("usage", `Cannot read stdin: ${messageOf(error)}. Give the value as an argument.`, {
      cause: error,
    });
  }
}
