import { beforeEnding } from "../lib/ending.ts";
import { STDERR, writeWhole } from "../lib/stdio.ts";
import { cut, escapeControls, padColumns } from "../lib/text.ts";
import type { Style } from "./output.ts";
import { formatDuration } from "./render-run.ts";

/** How often the elapsed times move on, in ms. */
const TICK_MS = 200;
/** How soon after each other the lines are drawn at most, in ms: a task may print faster than a terminal can show. */
const DRAW_MS = 40;
/** Tasks that are shown at most; of the others there is only their number. */
const MOST_LINES = 8;
/** Columns of a line besides the name of its task, with the first words of what it said last. */
const FRAME = 24;

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
  /** A signal that ends the process must not leave the lines there. */
  readonly #callOff = beforeEnding({ act: () => this.close(), when: "idle" });
  /** The widths of the lines that are there. */
  #drawn: readonly number[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #midLine = false;
  #isClosed = false;

  /** Whether what was written last did not end its line. */
  get isMidLine(): boolean {
    return this.#midLine;
  }

  /** `names` is how wide the column of the tasks' names is. */
  constructor(
    private readonly style: Style,
    private readonly names: number,
  ) {
    this.#timer = setInterval(() => {
      this.#clear();
      if (!this.#midLine) this.#draw();
    }, TICK_MS);
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
    if (!this.#midLine && performance.now() - this.#drawnAt > DRAW_MS) this.#draw();
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff();
    clearInterval(this.#timer);
    this.#clear();
  }

  #clear(): void {
    if (this.#drawn.length === 0) return;
    const { columns } = sizeOfTerminal();
    // A terminal that has become narrower shows a line on several rows.
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    // What somebody types is shown behind the lines, such as ^C.
    writeWhole(STDERR, `\r\u001b[${rows}A\u001b[J`);
    this.#drawn = [];
  }

  #draw(): void {
    if (this.#isClosed) return;
    const { columns, rows } = sizeOfTerminal();
    const now = performance.now();
    const most = Math.max(1, Math.min(MOST_LINES, rows - 3));
    const shown = [...this.#running].slice(0, most).map(([task, { since, lastLine }]) => {
      const width = Math.max(8, Math.min(this.names, columns - FRAME));
      const name = padColumns(cut(escapeControls(task), width), width);
      const elapsed = formatDuration(now - since).padStart(7);
      return cut(`  … ${name} ${elapsed}   ${escapeControls(lastLine)}`.trimEnd(), columns - 1);
    });
    const more = this.#running.size - shown.length;
    if (more > 0) shown.push(cut(`  … and ${more} more`, columns - 1));
    if (shown.length === 0) return;
    writeWhole(STDERR, shown.map((line) => `${this.style.dim(line)}\n`).join(""));
    this.#drawn = shown.map((line) => Bun.stringWidth(line));
    this.#drawnAt = now;
  }
}

/** The size as the terminal has it now: of a new one this thread hears only when it has nothing else to do. */
function sizeOfTerminal(): { columns: number; rows: number } {
  const { stderr } = process;
  // What Node's own streams read it anew by, which TypeScript's types do not know.
  const refresh: unknown = Reflect.get(stderr, "_refreshSize");
  if (typeof refresh === "function") refresh.call(stderr);
  return { columns: stderr.columns || 80, rows: stderr.rows || 24 };
}

const NEWLINE = 10;
