import { parentPort } from "node:worker_threads";
import { leaveProcess } from "../lib/leave.ts";
import { STDERR, STDOUT, writeWhole } from "../lib/stdio.ts";
import { startTimer } from "../lib/timer.ts";
import type { WatchdogMessage, Watched } from "./watchdog.ts";

/** How long the other thread may give no sign of life, in ms, once it should have ended something. */
const SILENCE_MS = 900;
/** How long writing down why may take, in ms. */
const TELLING_MS = 300;

/** The program of the thread that `Watchdog` starts. */
let pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
const timers = new Map<number, () => void>();

/** Asks for a sign of life; what gives one has its chance to end what is overdue, and is asked again. */
function ask(watched: Watched): void {
  const before = Atomics.load(pulse, 0);
  parentPort?.postMessage("alive?");
  wait(watched, SILENCE_MS, () => (Atomics.load(pulse, 0) === before ? end(watched) : ask(watched)));
}

function wait({ id }: Watched, ms: number, then: () => void): void {
  timers.set(id, startTimer(ms, then));
}

async function end({ message, exitCode, ends }: Watched): Promise<void> {
  startTimer(TELLING_MS, () => leaveProcess(exitCode));
  try {
    writeWhole(STDERR, `${message}\n`);
    if (ends !== undefined) await tell(ends);
  } finally {
    leaveProcess(exitCode);
  }
}

/** Nothing of the other thread's can get in between: it writes whole lines, and does nothing any more. */
async function tell({ run, overdue }: NonNullable<Watched["ends"]>): Promise<void> {
  const { journalEnd, lastEvents } = await import("./watched-run.ts");
  const now = Date.now();
  const tasks = await journalEnd(run, overdue, now).catch(() => undefined);
  if (run.hasEvents) writeWhole(STDOUT, lastEvents(run, overdue, tasks, now));
}

parentPort?.on("message", (message: WatchdogMessage) => {
  if ("pulse" in message) pulse = new Int32Array(message.pulse);
  else if ("watch" in message) wait(message.watch, message.watch.left, () => ask(message.watch));
  else {
    timers.get(message.drop)?.();
    timers.delete(message.drop);
  }
});
