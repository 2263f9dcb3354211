import type { Awaitable } from "./awaitable.ts";
import { exitProcess } from "./exit.ts";
import { Sentry } from "./sentry.ts";

/** Signals that end the process, and the exit codes that say so. */
const ENDING = { SIGINT: 130, SIGQUIT: 131, SIGTERM: 143, SIGHUP: 129 } as const;
/** The exit codes of a process that ends since its terminal has gone, or since nobody reads what it prints any more. */
export const HUNG_UP = ENDING.SIGHUP;
export const UNREAD = 141;
/** How long the last acts may take, in ms. */
const GRACE = 2000;
/** How long a script may compute, in ms, before it lets signals in. */
const UNHEARD = 50;

/** Something to do before a signal ends this process. */
export interface LastAct {
  /** Gets the exit code that says which signal it was. */
  act(exitCode: number): Awaitable<void>;
  /** What is left of it to do when there is no time to wait for it. */
  actAtOnce?(exitCode: number): void;
  /**
   * `always`: nobody else can do it, so that even a script that computes without ever waiting cannot be ended before.
   * `idle`: what happens without it is good enough for such a script, which the signal may end at once.
   */
  readonly when: "always" | "idle";
  /** Called before a script computes: whether somebody else does it from now on, as if it were for `idle`. */
  handOver?(): boolean;
}

const acts = new Set<LastAct>();
let computing = false;
let listening = false;
let ending = false;
let signalled = false;
/** Whether a signal may have come while there was something to do, and not have been told of yet. */
let lingering = false;
/** There when a script has computed for long. */
let sentry: Sentry | undefined;
/** Since when a script computes, by `performance.now()`, as far as anybody has asked. */
let computingSince: number | undefined;
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

/** Whether there is something to do before a signal ends this process: what computes has to let signals in. */
export function isUnheard(): boolean {
  return acts.size > 0 || lingering;
}

/** Whether a script has computed for so long that it has to let signals in. */
export function isHearingDue(): boolean {
  if (ending) return true;
  if (!isUnheard()) return false;
  const now = performance.now();
  computingSince ??= now;
  if (now - computingSince <= UNHEARD) return false;
  if (process.platform !== "win32") sentry ??= new Sentry(numbers, listenAnew);
  return true;
}

/** Whether a signal is ending this process, or `endAs`. */
export function isEnding(): boolean {
  return ending;
}

/**
 * Tells that a script computes from now on (again, when it may have started something meanwhile), or does not any more:
 * no listener of ours would get to run, but it would keep a signal from ending the script. Once a script has computed for
 * long there is the sentry, with which we may listen: what computes lets signals in now and then, and where it cannot, the
 * sentry gives them back.
 */
export function setComputing(now: boolean): void {
  if (!now) {
    computingSince = undefined;
    sentry?.rest();
  } else if (!computing) sentry?.begin();
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

/**
 * Ends the process as a signal of this exit code does. When there is something to do before, it comes back, and a script
 * that computes goes on until it lets that happen; where it does not and comes here again, the process ends at once.
 */
export function endAs(exitCode: number): void {
  if (!ending) void end(exitCode);
  else if (computing) leave(exitCode);
}

function listenIfNeeded(): void {
  const needed = isUnheard() && (!computing || [...acts].some(keepsFromEnding) || sentry?.isReady === true);
  if (needed === listening) return;
  listening = needed;
  for (const [signal, listener] of listeners) {
    if (needed) process.on(signal, listener);
    else process.off(signal, listener);
  }
}

/** The signals have been given back to the system. */
function listenAnew(): void {
  if (!listening) return;
  for (const [signal, listener] of listeners) process.off(signal, listener).on(signal, listener);
}

function keepsFromEnding(last: LastAct): boolean {
  return last.when === "always" && !last.handOver?.();
}

function leave(exitCode: number): never {
  for (const last of acts) last.actAtOnce?.(exitCode);
  exitProcess(exitCode);
}

function onSignal(exitCode: number): void {
  // Whoever signals twice does not want to wait.
  if (signalled) leave(exitCode);
  signalled = true;
  if (!ending) void end(exitCode);
}

async function end(exitCode: number): Promise<void> {
  ending = true;
  if (acts.size === 0) exitProcess(exitCode);
  setTimeout(() => leave(exitCode), GRACE);
  await Promise.allSettled([...acts].map(async ({ act }) => act(exitCode)));
  exitProcess(exitCode);
}

const listeners = Object.entries(ENDING).map(
  ([signal, exitCode]) => [signal, () => onSignal(exitCode)] as const,
);
/** A shell adds 128 to the number of a signal. */
const numbers = Object.values(ENDING).map((exitCode) => exitCode - 128);
