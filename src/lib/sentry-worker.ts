import { parentPort } from "node:worker_threads";
import { openLibrary } from "./libc.ts";
import { READY, type SentryOrders, STRETCH } from "./sentry.ts";

/** How often it looks, in ms, and how often in the same stretch of computing until it gives signals back. */
const LOOK_MS = 150;
const LOOKS = 3;

/** The program of the thread that `Sentry` starts. */
parentPort?.once("message", ({ shared, signals }: SentryOrders) => {
  const library = openLibrary({ signal: { args: ["int", "ptr"], returns: "ptr" } });
  if (library === undefined) return;
  const state = new Int32Array(shared);
  let last = 0;
  let looks = 0;
  setInterval(() => {
    const stretch = Atomics.load(state, STRETCH);
    looks = stretch !== 0 && stretch === last ? looks + 1 : 1;
    last = stretch;
    if (looks !== LOOKS) return;
    for (const signal of signals) library.signal(signal, null);
    parentPort?.postMessage("given back");
  }, LOOK_MS);
  Atomics.store(state, READY, 1);
});
