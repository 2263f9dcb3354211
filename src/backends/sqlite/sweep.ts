import { SWEEP_BATCH, type Writer } from "../backend.ts";
import type { Transactions } from "./transaction.ts";

/** Sweeps a little after a write that found it due: that has landed, and must not seem to have failed. */
export function trySweep(transactions: Transactions, now: number, by: Writer): void {
  try {
    transactions.sweep(SWEEP_BATCH, now, by);
  } catch {
    // The next write tries again.
  }
}
