import { RunnerError } from "../lib/errors.ts";
import { node } from "../lib/node.ts";

/** What the runtime puts in place of bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/**
 * Raises `usage` when an argument is not UTF-8: what the runtime made of it is not what was given, and it would be
 * stored that way. Only Linux shows the bytes; elsewhere the replacement character itself is refused.
 */
export function checkEncoding(argv: readonly string[]): void {
  if (!argv.join().includes(REPLACEMENT)) return;
  const given = argumentBytes()?.slice(-argv.length);
  for (const [index, word] of argv.entries()) {
    const bytes = given?.[index];
    if (!word.includes(REPLACEMENT) || (bytes !== undefined && node.buffer.isUtf8(bytes))) continue;
    throw new RunnerError(
      "usage",
      `Cannot use argument ${index + 1}: it is not valid UTF-8. Give bytes on standard input, as in: runner state set KEY - < FILE`,
    );
  }
}

function argumentBytes(): Uint8Array[] | undefined {
  let line: Uint8Array;
  try {
    line = node.fs.readFileSync("/proc/self/cmdline");
  } catch {
    return undefined;
  }
  const words: Uint8Array[] = [];
  for (let start = 0; start < line.length; ) {
    const end = line.indexOf(0, start);
    words.push(line.subarray(start, end));
    start = end + 1;
  }
  return words;
}
