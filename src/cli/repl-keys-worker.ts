import { closeSync, constants, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { exitCodeOf } from "../lib/errors.ts";
import { leaveProcess } from "../lib/leave.ts";
import { STDERR, writeWhole } from "../lib/stdio.ts";
import type { KeysAnswer, KeysMessage } from "./repl-keys.ts";

/** The program of the thread that `Keys` starts: reads Ctrl-C where the session's own thread does not any more. */

/** How long that thread may give no sign of life, in ms, and how often the terminal is asked for keys then. */
const SILENCE_MS = 900;
const ASKING_MS = 50;

const CTRL_C = 0x03;
const STUCK =
  "Cannot stop this line: Lua is inside of one call that nothing can interrupt, such as a search by a pattern. The session ended; begin another one: runner repl";

let pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
let timer: Timer | undefined;

parentPort?.on("message", (message: KeysMessage) => {
  if ("pulse" in message) pulse = new Int32Array(message.pulse);
  clearTimeout(timer);
  if ("computing" in message && message.computing) ask();
});

function ask(): void {
  const before = Atomics.load(pulse, 0);
  answer({ isAlive: undefined });
  timer = setTimeout(() => (Atomics.load(pulse, 0) === before ? listen(before) : ask()), SILENCE_MS);
}

function listen(before: number): void {
  if (Atomics.load(pulse, 0) !== before) {
    ask();
    return;
  }
  const keys = readKeys();
  if (keys.length > 0) answer({ typed: keys.toString("utf8") });
  if (keys.includes(CTRL_C)) {
    restoreTerminal();
    writeWhole(STDERR, `${STUCK}\n`);
    leaveProcess(exitCodeOf("interrupted"));
  }
  timer = setTimeout(() => listen(before), ASKING_MS);
}

function answer(message: KeysAnswer): void {
  parentPort?.postMessage(message);
}

/** What it was before only the session's own thread knows. */
function restoreTerminal(): void {
  try {
    Bun.spawnSync(["stty", "sane"], { stdin: openSync("/dev/tty", "r") });
  } catch {
    // Without that program the terminal stays as it is; there is still the message.
  }
}

function readKeys(): Buffer {
  const keys = Buffer.alloc(1024);
  const terminal = openSync("/dev/tty", constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return keys.subarray(0, readSync(terminal, keys));
  } catch {
    return keys.subarray(0, 0);
  } finally {
    closeSync(terminal);
  }
}
