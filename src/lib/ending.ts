import type { Awaitable } from "./awaitable.ts";

/** Signals that end the process, and the exit codes that say so. */
const ENDING = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** How long the last acts may take, in ms. */
const GRACE = 2000;

/** Something to do before a signal ends this process. */
export interface LastAct {
  act(): Awaitable<void>;
  /**
   * `always`: nobody else can do it, so that even a script that computes without ever waiting cannot be ended before.
   * `idle`: what happens without it is good enough for such a script, which the signal ends at once.
   */
  readonly when: "always" | "idle";
}

const acts = new Set<LastAct>();
let computing = false;
let listening = false;
let ending = false;

/** Has `last` done before a signal ends this process; the function that comes back calls that off. */
export function beforeEnding(last: LastAct): () => void {
  acts.add(last);
  listenIfNeeded();
  return () => {
    acts.delete(last);
    listenIfNeeded();
  };
}

/**
 * Tells that a script computes from now on, or does not any more: no listener of ours would get to run, but it would
 * keep a signal from ending the script.
 */
export function setComputing(now: boolean): void {
  computing = now;
  if (acts.size === 0) return;
  if (now) {
    listenIfNeeded();
    return;
  }
  // A signal arrives only when this thread has nothing else to do. Listening costs as much as a small script does,
  // and many of them may follow each other before that.
  if (scheduled) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    listenIfNeeded();
  });
}

let scheduled = false;

/** Ends the process at once, without waiting for the last acts to finish: a script may be computing. */
export function endNow(exitCode: number): never {
  for (const { act } of acts) void act();
  process.exit(exitCode);
}

function listenIfNeeded(): void {
  const needed = acts.size > 0 && (!computing || [...acts].some(({ when }) => when === "always"));
  if (needed === listening) return;
  listening = needed;
  for (const [signal, listener] of listeners) {
    if (needed) process.on(signal, listener);
    else process.off(signal, listener);
  }
}

async function end(exitCode: number): Promise<void> {
  // Whoever signals twice does not want to wait.
  if (ending) process.exit(exitCode);
  ending = true;
  setTimeout(() => process.exit(exitCode), GRACE);
  await Promise.allSettled([...acts].map(async ({ act }) => act()));
  process.exit(exitCode);
}

const listeners = Object.entries(ENDING).map(([signal, exitCode]) => [signal, () => end(exitCode)] as const);
