import { RunnerError } from "../lib/errors.ts";

const MAX_KEY_BYTES = 1024;

/** Checks that a key is 1..1024 bytes of UTF-8 without NUL; raises `bad_key`, or `bad_argument` for no string. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== "string") throw keyError(key);
  const { length } = key;
  // No UTF-16 unit takes more than three bytes, so that most keys need no counting.
  if (length === 0 || (length * 3 > MAX_KEY_BYTES && isTooLong(key))) throw keyError(key);
  if (key.includes("\0") || !key.isWellFormed()) throw keyError(key);
}

/** Apart, since a function that names `Buffer` has it made when it is first called, whether it comes to it or not. */
function isTooLong(key: string): boolean {
  return Buffer.byteLength(key) > MAX_KEY_BYTES;
}

function keyError(key: unknown): RunnerError {
  if (key instanceof Uint8Array) return badKey(Buffer.from(key).toString("latin1"), "it is not UTF-8");
  if (typeof key !== "string") {
    const what = key === undefined ? "nil" : Array.isArray(key) ? "a list" : `a ${typeof key}`;
    return new RunnerError("bad_argument", `Cannot use ${what} as a key: keys are strings.`);
  }
  if (key === "") return badKey(key, `it is empty. Keys have 1 to ${MAX_KEY_BYTES} bytes`);
  if (key.includes("\0")) return badKey(key, "it contains a NUL byte");
  if (!key.isWellFormed()) return badKey(key, "it is not UTF-8");
  return badKey(key, `it has ${Buffer.byteLength(key)} bytes. Keys have at most ${MAX_KEY_BYTES}`);
}

function badKey(key: string, why: string): RunnerError {
  const shown = key.length > 80 ? `${key.slice(0, 60)}…` : key;
  return new RunnerError("bad_key", `Cannot use ${JSON.stringify(shown.toWellFormed())} as a key: ${why}.`);
}
