import { expiryContract } from "./expiry.ts";
import { historyContract } from "./history.ts";
import { listingContract } from "./listing.ts";
import { listsContract } from "./lists.ts";
import { locksContract } from "./locks.ts";
import { modelContract } from "./model.ts";
import { numbersContract } from "./numbers.ts";
import { revisionsContract } from "./revisions.ts";
import { statsContract } from "./stats.ts";
import type { Subject } from "./subject.ts";
import { swapContract } from "./swap.ts";
import { transactionsContract } from "./transactions.ts";
import { transferContract } from "./transfer.ts";
import { valuesContract } from "./values.ts";
import { waitingContract } from "./waiting.ts";

/** Everything that a backend promises; each backend's tests run it. */
export function backendContract(subject: Subject): void {
  valuesContract(subject);
  expiryContract(subject);
  numbersContract(subject);
  listsContract(subject);
  locksContract(subject);
  listingContract(subject);
  swapContract(subject);
  revisionsContract(subject);
  historyContract(subject);
  transactionsContract(subject);
  statsContract(subject);
  transferContract(subject);
  waitingContract(subject);
  modelContract(subject);
}
