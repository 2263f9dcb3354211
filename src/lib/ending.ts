import type { Awaitable } from "./awaitable.ts";
import { exitProcess } from "./exit.ts";

/** Signals that end the process, and the exit codes that say so. */
const ENDING = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** How long the last acts may take, in ms. */
const GRACE = 2000;

/** Something to do before a signal ends this process. */
export interface LastAct {
  /** Gets the exit code that says which signal it was. */
  act(exitCode: number): Awaitable<void>;
  /** What is left of it to do when there is no time to wait for it. */
  actAtOnce?(): void;
  /**
   * `always`: nobody else can do it, so that even a script that computes without ever waiting cannot be ended before.
   * `idle`: what happens without it is good enough for such a script, which the signal ends at once.
   */
  readonly when: "always" | "idle";
  /** Called before a script computes: whether somebody else does it from now on, as if it were for `idle`. */
  handOver?(): boolean;
}

const acts = new Set<LastAct>();
let computing = false;
let listening = false;
let ending = false;
/** Whether a signal may have come while there was something to do, and not have been told of yet. */
let lingering = false;
/** Whether listening begins again before this thread does something else. */
let scheduled = false;

/** Has `last` done before a signal ends this process; the function that comes back calls that off. */
export function beforeEnding(last: LastAct): () => void {
  acts.add(last);
  listenIfNeeded();
  return () => {
    acts.delete(last);
    linger();
    listenIfNeeded();
  };
}

/** A turn in which a signal that came while this thread was busy is heard: after it, what would be undone can be done. */
export function letSignalsIn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Tells that a script computes from now on (again, when it may have started something meanwhile), or does not any more:
 * no listener of ours would get to run, but it would keep a signal from ending the script.
 */
export function setComputing(now: boolean): void {
  computing = now;
  if (acts.size === 0 && !lingering) return;
  if (now) {
    listenIfNeeded();
    return;
  }
  // A signal that came is told of only when this thread has nothing else to do, and is lost when nobody listens then.
  // Listening costs as much as a small script does, and many of them may follow each other before that.
  if (scheduled) return;
  scheduled = true;
  process.nextTick(() => {
    scheduled = false;
    listenIfNeeded();
  });
}

/** Listens for a moment longer, to what came before there was nothing left to do. */
function linger(): void {
  if (lingering || acts.size > 0) return;
  lingering = true;
  setImmediate(() => {
    lingering = false;
    listenIfNeeded();
  });
}

/** Ends the process at once, without waiting for the last acts to finish: a script may be computing. */
export function endNow(exitCode: number): never {
  for (const { act } of acts) void act(exitCode);
  exitProcess(exitCode);
}

function listenIfNeeded(): void {
  const needed = (acts.size > 0 || lingering) && (!computing || [...acts].some(keepsFromEnding));
  if (needed === listening) return;
  listening = needed;
  for (const [signal, listener] of listeners) {
    if (needed) process.on(signal, listener);
    else process.off(signal, listener);
  }
}

function keepsFromEnding(last: LastAct): boolean {
  return last.when === "always" && !last.handOver?.();
}

function leave(exitCode: number): never {
  for (const last of acts) last.actAtOnce?.();
  exitProcess(exitCode);
}

async function end(exitCode: number): Promise<void> {
  // Whoever signals twice does not want to wait.
  if (ending) leave(exitCode);
  ending = true;
  setTimeout(() => leave(exitCode), GRACE);
  await Promise.allSettled([...acts].map(async ({ act }) => act(exitCode)));
  exitProcess(exitCode);
}

const listeners = Object.entries(ENDING).map(([signal, exitCode]) => [signal, () => end(exitCode)] as const);
