import { STDERR, writeWhole } from "../lib/stdio.ts";
import { cut, escapeControls, padColumns } from "../lib/text.ts";
import type { Style } from "./output.ts";

/** How often the elapsed times move on, in ms. */
const TICK_MS = 200;
/** Tasks that are shown at most; of the others there is only their number. */
const MOST_LINES = 8;

interface Running {
  readonly since: number;
  lastLine: string;
}

/**
 * The last lines of a terminal, which show what is under way. Whatever else goes to the terminal has to go through
 * `around`, which clears them away before and draws them again after.
 */
export class LiveView {
  readonly #running = new Map<string, Running>();
  readonly #timer: Timer;
  #drawn = 0;
  #midLine = false;

  /** Whether what was written last did not end its line. */
  get isMidLine(): boolean {
    return this.#midLine;
  }

  constructor(private readonly style: Style) {
    this.#timer = setInterval(() => this.around("", () => undefined), TICK_MS);
    this.#timer.unref();
  }

  start(task: string): void {
    this.#running.set(task, { since: performance.now(), lastLine: "" });
  }

  end(task: string): void {
    this.#running.delete(task);
  }

  /** A task has printed something: its last line is shown beside it. */
  said(task: string | undefined, output: string | Uint8Array): void {
    const running = task === undefined ? undefined : this.#running.get(task);
    if (running === undefined) return;
    const text = typeof output === "string" ? output : Buffer.from(output).toString("utf8");
    running.lastLine = text.trimEnd().split("\n").at(-1) || running.lastLine;
  }

  /** Writes to the terminal above the live lines; `data` is what is written. */
  around(data: string | Uint8Array, write: () => void): void {
    this.#clear();
    write();
    const last = data.at(-1);
    if (last !== undefined) this.#midLine = last !== "\n" && last !== NEWLINE;
    // Live lines would run into a line that is not over.
    if (!this.#midLine) this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #clear(): void {
    if (this.#drawn === 0) return;
    writeWhole(STDERR, `\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    const width = process.stderr.columns || 80;
    const now = performance.now();
    const shown = [...this.#running].slice(0, MOST_LINES).map(([task, { since, lastLine }]) => {
      const elapsed = `${((now - since) / 1000).toFixed(1)}s`.padStart(7);
      return this.style.dim(
        cut(`  … ${padColumns(task, 14)} ${elapsed}   ${escapeControls(lastLine)}`, width - 1),
      );
    });
    const more = this.#running.size - shown.length;
    if (more > 0) shown.push(this.style.dim(`  … and ${more} more`));
    if (shown.length === 0) return;
    writeWhole(STDERR, `${shown.join("\n")}\n`);
    this.#drawn = shown.length;
  }
}

const NEWLINE = 10;
