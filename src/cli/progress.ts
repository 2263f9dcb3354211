import { isTerminal, STDERR, writeWhole } from "../lib/stdio.ts";
import { formatCount } from "../lib/text.ts";

/** How often a bar is drawn at most, in ms, and how wide it is. */
const INTERVAL_MS = 100;
const WIDTH = 24;

/** Shows how far long work is, on a terminal; elsewhere it is silent. `using` takes the bar away in the end. */
export interface Progress extends Disposable {
  /** So much more is done. */
  advance(amount: number): void;
}

/** Begins to show work. `total` is in the unit of `advance`; undefined when nobody knows it yet. */
export function showProgress(what: string, total: number | undefined): Progress {
  if (!isTerminal(STDERR)) return { advance: () => undefined, [Symbol.dispose]: () => undefined };
  const begin = performance.now();
  let done = 0;
  let drawnAt = begin;
  return {
    advance(amount) {
      done += amount;
      const now = performance.now();
      if (now - drawnAt < INTERVAL_MS) return;
      drawnAt = now;
      writeWhole(STDERR, `\r\u001b[K${renderProgress({ what, done, total, show: formatCount })}`);
    },
    [Symbol.dispose]() {
      if (drawnAt !== begin) writeWhole(STDERR, "\r\u001b[K");
    },
  };
}

/** Work as far as it is; `show` writes amounts. */
interface Work {
  readonly what: string;
  readonly done: number;
  readonly total: number | undefined;
  readonly show: (amount: number) => string;
}

/** Pure: the line that shows work: `export ████████░░░░  61 %  612,000`. */
export function renderProgress({ what, done, total, show }: Work): string {
  if (total === undefined || total <= 0) return `${what}  ${show(done)}`.trimStart();
  const part = Math.min(1, done / total);
  const full = Math.round(part * WIDTH);
  const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
  return `${what} ${bar}  ${Math.floor(part * 100)} %  ${show(done)}`.trimStart();
}
