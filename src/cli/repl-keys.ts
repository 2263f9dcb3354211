import { closeSync, constants, openSync, readSync } from "node:fs";
import { lookWhileComputing } from "../lib/lookout.ts";
import { hasCode, STDOUT, writeWhole } from "../lib/stdio.ts";

/** How often the terminal is asked for keys while Lua computes, and while a script reads a line, in ms. */
const COMPUTING_MS = 50;
const READING_MS = 10;

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const ERASE: readonly number[] = [0x08, 0x7f];

/**
 * The keys of a terminal while a line of Lua computes, when no event reaches this thread: they are asked for now and then.
 * Until the first time the terminal makes a signal of Ctrl-C, which ends even a call that nothing else can.
 */
export class Keys implements Disposable {
  readonly #setRaw: (raw: boolean) => void;
  readonly #interrupt: () => void;
  readonly #stop: () => void;
  #terminal: number | undefined;
  #next = 0;
  #typed = Buffer.alloc(0);

  /** `interrupt` is called for Ctrl-C. */
  constructor(setRaw: (raw: boolean) => void, interrupt: () => void) {
    this.#setRaw = setRaw;
    this.#interrupt = interrupt;
    this.#stop = lookWhileComputing(() => this.#look());
  }

  /** What was typed and nobody has read, which is forgotten here. */
  take(): string {
    const typed = this.#typed.toString("utf8");
    this.#typed = Buffer.alloc(0);
    return typed;
  }

  /** A line for a script that reads standard input, edited as in any terminal; empty at its end. Blocks. */
  readLine(): Buffer {
    let line = Buffer.alloc(0);
    for (;;) {
      const typed = this.#typed.length > 0 || this.#ask() ? this.#typed : undefined;
      if (typed === undefined) {
        Bun.sleepSync(READING_MS);
        continue;
      }
      const [key = 0] = typed;
      this.#typed = typed.subarray(1);
      if (key === CTRL_C) {
        writeWhole(STDOUT, "^C\n");
        this.#interrupt();
        return Buffer.alloc(0);
      }
      if (key === CTRL_D) return line;
      if (ERASE.includes(key)) {
        const shorter = Buffer.from([...line.toString("utf8")].slice(0, -1).join(""));
        if (shorter.length < line.length) writeWhole(STDOUT, "\b \b");
        line = shorter;
        continue;
      }
      const ends = key === RETURN || key === NEWLINE;
      const byte = Buffer.of(ends ? NEWLINE : key);
      writeWhole(STDOUT, byte);
      line = Buffer.concat([line, byte]);
      if (ends) return line;
    }
  }

  [Symbol.dispose](): void {
    this.#stop();
    if (this.#terminal !== undefined) closeSync(this.#terminal);
  }

  #look(): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + COMPUTING_MS;
    if (!this.#ask()) return;
    const at = this.#typed.lastIndexOf(CTRL_C);
    if (at < 0) return;
    // What was typed before was dropped with it.
    this.#typed = this.#typed.subarray(at + 1);
    this.#interrupt();
  }

  /** Takes the keys that are there; whether there are any. */
  #ask(): boolean {
    const keys = Buffer.alloc(1024);
    try {
      if (this.#terminal === undefined) {
        // Opened by itself: who else reads standard input must not find that it does not block.
        this.#terminal = openSync("/dev/tty", constants.O_RDONLY | constants.O_NONBLOCK);
        this.#setRaw(true);
      }
      const count = readSync(this.#terminal, keys);
      this.#typed = Buffer.concat([this.#typed, keys.subarray(0, count)]);
      return count > 0;
    } catch (error) {
      // Without a terminal to ask, Ctrl-C stays a signal.
      if (!hasCode(error, "EAGAIN")) this.#next = Number.POSITIVE_INFINITY;
      return false;
    }
  }
}
