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

/** What the thread of `KeysGuard` is told. */
export type KeysMessage = { readonly pulse: SharedArrayBuffer } | { readonly computing: boolean };

/** What it answers. */
export type KeysAnswer = { readonly isAlive: undefined } | { readonly typed: string };

/**
 * Ends this process when Ctrl-C is pressed while Lua is inside of a call that runs no instruction, as a hostile pattern
 * can be: this thread reads no keys then, another one has to. What was typed is in the history before it runs.
 */
export class KeysGuard {
  readonly #pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #worker = new Worker(new URL("./repl-keys-worker.ts", import.meta.url), { ref: false });

  /** `onTyped` gets what was typed meanwhile, when the call has come to its end after all. */
  constructor(onTyped: (text: string) => void) {
    // It asks whether events still reach this thread.
    this.#worker.addEventListener("message", ({ data }: MessageEvent<KeysAnswer>) =>
      "typed" in data ? onTyped(data.typed) : this.beat(),
    );
    // Where no thread can be had, what Lua can interrupt still ends.
    this.#worker.addEventListener("error", () => undefined);
    this.#tell({ pulse: this.#pulse.buffer });
  }

  /** From now on, or no more. */
  watch(computing: boolean): void {
    this.#tell({ computing });
  }

  /** A sign of life: this thread still reads keys itself. */
  beat(): void {
    Atomics.add(this.#pulse, 0, 1);
  }

  #tell(message: KeysMessage): void {
    this.#worker.postMessage(message);
  }
}

/**
 * The keys of a terminal while a line of Lua computes, when no event reaches this thread: they are asked for now and then.
 * Where there is no terminal to ask, it makes a signal of Ctrl-C as long as this lives.
 */
export class Keys implements Disposable {
  readonly #guard: KeysGuard;
  readonly #interrupt: () => void;
  readonly #stop: () => void;
  readonly #terminal = openTerminal();
  #next = 0;
  /** Whether the terminal has nothing more to give. */
  #isGone = false;
  #typed = Buffer.alloc(0);

  /** `interrupt` is called for Ctrl-C. */
  constructor(guard: KeysGuard, interrupt: () => void) {
    this.#guard = guard;
    this.#interrupt = interrupt;
    this.#stop = lookWhileComputing(() => this.#look());
    guard.watch(this.#terminal !== undefined);
  }

  /** Whether they can be asked for. */
  get canAsk(): boolean {
    return this.#terminal !== undefined;
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
        if (this.#isGone) return line;
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
    this.#guard.watch(false);
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
    this.#guard.beat();
    if (this.#terminal === undefined || this.#isGone) return false;
    const keys = Buffer.alloc(1024);
    try {
      const count = readSync(this.#terminal, keys);
      this.#typed = Buffer.concat([this.#typed, keys.subarray(0, count)]);
      return count > 0;
    } catch (error) {
      this.#isGone = !hasCode(error, "EAGAIN");
      return false;
    }
  }
}

/** Opened by itself: who else reads standard input must not find that it does not block. */
function openTerminal(): number | undefined {
  try {
    return openSync("/dev/tty", constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}
