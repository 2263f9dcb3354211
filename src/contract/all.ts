import { expiryContract } from "./expiry.ts";
import { collect, type Topic } from "./harness.ts";
import { historyContract } from "./history.ts";
import { listingContract } from "./listing.ts";
import { listsContract } from "./lists.ts";
import { lockQueueContract } from "./lock-queue.ts";
import { locksContract } from "./locks.ts";
import { modelContract } from "./model.ts";
import { numbersContract } from "./numbers.ts";
import { onceContract } from "./once.ts";
import { revisionsContract } from "./revisions.ts";
import { statsContract } from "./stats.ts";
import type { Subject } from "./subject.ts";
import { swapContract } from "./swap.ts";
import { transactionModelContract } from "./transaction-model.ts";
import { transactionsContract } from "./transactions.ts";
import { transferContract } from "./transfer.ts";
import { valuesContract } from "./values.ts";
import { waitingContract } from "./waiting.ts";

/** Everything that a backend promises, as cases to run. */
export function contractOf(subject: Subject): readonly Topic[] {
  return collect(() => describeAll(subject));
}

function describeAll(subject: Subject): void {
  valuesContract(subject);
  expiryContract(subject);
  numbersContract(subject);
  listsContract(subject);
  locksContract(subject);
  lockQueueContract(subject);
  listingContract(subject);
  swapContract(subject);
  revisionsContract(subject);
  onceContract(subject);
  historyContract(subject);
  transactionsContract(subject);
  transactionModelContract(subject);
  statsContract(subject);
  transferContract(subject);
  waitingContract(subject);
  modelContract(subject);
}
